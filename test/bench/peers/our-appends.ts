// Our own side beside a peer: single appends by many callers, through the library and through gRPC.
import { create } from "@bufbuild/protobuf";
import {
  AppendRequestSchema,
  FactService,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { hashFact, type Receipt } from "@strongroom/protocol";
import type { Store } from "@strongroom/store";
import type { Service } from "../../support/service.ts";
import { checkReceipts } from "../checks.ts";
import type { FactMaker } from "../facts.ts";
import { type Slice, timed } from "../measure.ts";
import { RawClient } from "../raw-client.ts";

const CHECKED = 50;

/** `count` single appends, each durable and with its receipt before it is answered. */
export async function librarySingles(
  store: Store,
  maker: FactMaker,
  { count, callers }: { count: number; callers: number },
): Promise<Slice> {
  const facts = maker.batch(count);
  const receipts: Receipt[] = new Array(count);
  const slice = await timed(count, () =>
    shared(count, callers, async (at) => {
      receipts[at] = await store.append(facts[at]?.bytes ?? new Uint8Array());
    }),
  );
  checkReceipts(store.logVkey, facts.slice(0, CHECKED), receipts.slice(0, CHECKED));
  return slice;
}

/** The same through a service. */
export class GrpcSingles {
  readonly #client: RawClient<typeof AppendRequestSchema, typeof FactService.method.append.output>;

  constructor({ address, token }: Service) {
    this.#client = new RawClient(address, FactService.method.append, token);
  }

  async run(
    maker: FactMaker,
    { count, callers }: { count: number; callers: number },
  ): Promise<Slice> {
    const requests = maker
      .batch(count)
      .map(({ bytes }) => create(AppendRequestSchema, { fact: { fact: bytes } }));
    return timed(count, () =>
      shared(count, callers, async (at) => {
        const request = requests[at];
        if (!request) throw new Error("a request for each call");
        const { existing, receipt, cid } = await this.#client.call(request);
        const isNew = !existing && receipt !== undefined && cid.length === hashBytes;
        if (!isNew) throw new Error("an append was answered without its entry");
      }),
    );
  }

  close(): void {
    this.#client.close();
  }
}

const hashBytes = hashFact(new Uint8Array()).length;

/** Callers that take the next piece of work until none is left. */
async function shared(
  count: number,
  callers: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
