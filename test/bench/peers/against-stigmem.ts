// Appends and verified reads of one caller, on Stigmem by HTTP and on ours by gRPC. Stigmem proves its
// whole chain of facts with each recall, so its number depends on how many there are: it is said.
import { join } from "node:path";
import { connect } from "@strongroom/client";
import type { Bench } from "../bench.ts";
import { startBenchService } from "../child-process.ts";
import { FactMaker } from "../facts.ts";
import { inTurns, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { GrpcSingles } from "./our-appends.ts";
import { Stigmem } from "./stigmem.ts";

const ROUNDS = 5;
const APPENDS = 40;
const APPENDS_OURS = 400;
const READS = 20;
const READS_OURS = 200;

export async function againstStigmem(bench: Bench): Promise<Result[]> {
  const stigmem = await Stigmem.start(bench.folder);
  const service = await startBenchService(join(bench.folder, "beside-stigmem"));
  const singles = new GrpcSingles(service);
  const client = await connect({ address: service.address, token: service.token });
  const maker = new FactMaker(14);
  const known = maker.batch(READS_OURS);
  for (const { bytes } of known) await client.append(bytes);
  try {
    const slices = await inTurns(
      { row: "stigmem", count: ROUNDS },
      {
        append: () => singles.run(maker, { count: APPENDS_OURS, callers: 1 }),
        theirAppend: () => stigmem.append(APPENDS),
        read: () =>
          timed(READS_OURS, async () => {
            for (const { cid } of known) await client.verifyReceipt(await client.receipt({ cid }));
          }),
        theirRead: () => stigmem.read(READS),
      },
    );
    const row = { case: "stigmem", unit: "/s" };
    return [
      asRate(
        { ...row, what: "append through gRPC, one caller", against: "Stigmem, POST /v1/facts" },
        slices.append,
        slices.theirAppend,
      ),
      asRate(
        {
          ...row,
          what: "read with a receipt that the client verifies, one caller",
          against: `Stigmem, recall with its chain proof, at ${stigmem.facts} facts`,
        },
        slices.read,
        slices.theirRead,
      ),
    ];
  } finally {
    singles.close();
    await client.close();
    await service.stop();
    await stigmem.stop();
  }
}
