// Single appends through gRPC, each durable and answered with its receipt, against an echo.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { connect } from "@strongroom/client";
import {
  AppendRequestSchema,
  type AppendResponse,
  AppendResponseSchema,
  FactService,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Bench } from "../bench.ts";
import { checkReceipts } from "../checks.ts";
import { Child, startBenchService } from "../child-process.ts";
import { FactMaker, type MadeFact } from "../facts.ts";
import { syncFloor } from "../floors/copy-floor.ts";
import { inTurns, median, msOf, type Slice, timed } from "../measure.ts";
import { RawClient } from "../raw-client.ts";
import { asRate, asRatio, type Result } from "../result.ts";

const CALLS = { 1: 500, 16: 4000, 64: 4000 } as const;
const ROUNDS = 7;
const SYNCS = 200;
/** Receipts of each slice that are verified once the clock stands. */
const CHECKED = 50;

export async function unary(bench: Bench): Promise<Result[]> {
  const service = await startBenchService(join(bench.folder, "unary"));
  const { append } = FactService.method;
  const ours = new RawClient(service.address, append, service.token);
  const connected = await connect({ address: service.address, token: service.token });
  const [logVkey = ""] = connected.logKeys;
  await connected.close();
  const maker = new FactMaker(7);
  const sample = join(bench.folder, "append-response");
  const response = await ours.call(requestOf(maker.next()));
  writeFileSync(sample, toBinary(AppendResponseSchema, response));
  const echoServer = new Child("echo-server", [sample]);
  const echo = new RawClient(await echoServer.next(), append);
  const measure = new Unary({ ours, echo, maker, logVkey });
  try {
    const lone = await measure.lone(bench.folder);
    return [await measure.many(64), await measure.many(16), lone];
  } finally {
    ours.close();
    echo.close();
    await echoServer.end();
    await service.stop();
  }
}

interface Parts {
  ours: Caller;
  echo: Caller;
  maker: FactMaker;
  logVkey: string;
}

type Caller = {
  call(request: ReturnType<typeof requestOf>): Promise<AppendResponse>;
};

class Unary {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async many(callers: 16 | 64): Promise<Result> {
    const { ours, echo } = this.#parts;
    const slices = await inTurns(
      { row: `unary, ${callers} callers`, count: ROUNDS },
      {
        ours: () => this.#calls(ours, callers, true),
        floor: () => this.#calls(echo, callers, false),
      },
    );
    const row = {
      case: "unary",
      what: `unary append, ${callers} callers, each durable with its receipt`,
      unit: "/s",
      against: "echo",
      ...(callers === 64 && { target: { atLeast: 0.6 } }),
    };
    return asRate(row, slices.ours, slices.floor);
  }

  async lone(folder: string): Promise<Result> {
    const { ours, echo } = this.#parts;
    const slices = await inTurns(
      { row: "unary, one caller", count: ROUNDS },
      {
        ours: () => this.#calls(ours, 1, true),
        floor: () => this.#calls(echo, 1, false),
        sync: () => timed(SYNCS, () => syncFloor(folder, SYNCS)),
      },
    );
    const [syncMs, echoMs] = [slices.sync, slices.floor].map((of) => median(of.map(msOf)));
    const allowedMs = 2 * (syncMs ?? 0) + 1.5 * (echoMs ?? 0);
    return asRatio(
      {
        case: "unary",
        what: "unary append, one caller, durable with its receipt",
        unit: "ms",
        against: "2 fsync + 1.5 × echo",
        target: { atMost: 1 },
      },
      median(slices.ours.map(msOf)),
      allowedMs,
    );
  }

  async #calls(caller: Caller, callers: 1 | 16 | 64, isOurs: boolean): Promise<Slice> {
    const facts = this.#parts.maker.batch(CALLS[callers]);
    const requests = facts.map(requestOf);
    const answers: AppendResponse[] = new Array(facts.length);
    let next = 0;
    const one = async () => {
      while (next < requests.length) {
        const at = next++;
        const request = requests[at];
        if (request) answers[at] = await caller.call(request);
      }
    };
    const slice = await timed(facts.length, () =>
      Promise.all(Array.from({ length: callers }, one)),
    );
    if (isOurs) this.#check(facts, answers);
    return slice;
  }

  /** Every answer is of its own new entry; some receipts are verified in full. */
  #check(facts: readonly MadeFact[], answers: readonly AppendResponse[]): void {
    const indexes = new Set(answers.map(({ index }) => index));
    if (indexes.size < facts.length || answers.some(({ existing }) => existing)) {
      throw new Error("two appends were answered with one entry");
    }
    const receipts = answers.slice(0, CHECKED).flatMap(({ receipt }) => receipt ?? []);
    checkReceipts(this.#parts.logVkey, facts.slice(0, CHECKED), receipts);
  }
}

function requestOf({ bytes }: MadeFact) {
  const init: MessageInitShape<typeof AppendRequestSchema> = { fact: { fact: bytes } };
  return create(AppendRequestSchema, init);
}
