// The handlers of the service on a real store, called with whatever bytes decode, as a caller who
// may see the scopes a/* and nothing else: only typed refusals, and never a fact of another scope.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { AdminService } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import { encodeFact, hashFact, parseFact } from "@strongroom/protocol";
import {
  openStore,
  type Principal,
  type Store,
  StoreError,
  storeErrorCodes,
} from "@strongroom/store";
import { byteMutators } from "../mutate/bytes.ts";
import { wireMutators } from "../mutate/wire.ts";
import { expect, Finding, type Target } from "../target.ts";
import { built } from "../valid-inputs.ts";

type FactHandlers = typeof import("../../../services/storage/src/fact/fact-service.js");
type LogHandlers = typeof import("../../../services/storage/src/log/log-service.js");
type AdminHandlers = typeof import("../../../services/storage/src/admin/admin-service.js");
type Handler = (request: unknown, call: unknown) => unknown;

interface Method {
  readonly method: DescMethod;
  readonly handler: Handler;
}

const FACTS = 200;
const ANSWERS_MAX = 20;
// Said by the broken invariant; it must never be what a stranger's bytes lead to.
const CODES = storeErrorCodes.filter((code) => code !== "INTERNAL");

export async function serviceTarget(folder: string): Promise<Target> {
  const store = await openStore({
    path: join(folder, "store"),
    key: "none://",
    readers: 1,
    textSearch: true,
    checkpointEntries: FACTS / 2,
  });
  const facts = Array.from({ length: FACTS }, (_, i) => factOf(i));
  await store.appendBatch(facts.map((bytes) => ({ bytes })));
  await firstCheckpoint(store);
  const principal: Principal = {
    name: "caller",
    roles: ["reader", "writer", "auditor"],
    scopes: ["a/*"],
    tokens: [],
  };
  const methods = await methodsOf(store);
  const cases = validRequests(store, facts).map(([name, fields]) => {
    const found = methods.get(name);
    if (found === undefined) throw new Error(`no method ${name}`);
    const schema: DescMessage = found.method.input;
    return { ...found, bytes: toBinary(schema, create(schema, fields as never)) };
  });
  return {
    name: "grpc-service",
    seeds: cases.map(({ bytes }) => bytes),
    mutators: [...wireMutators, ...wireMutators, ...byteMutators],
    codes: CODES,
    inputsInCi: 3000,
    async check(input, { origin }) {
      const asked = cases[origin];
      const request = asked && decoded(asked.method.input, input.slice());
      if (!asked || !request) return "refused";
      await answer(asked, request, principal);
      return "accepted";
    },
    close: () => store.close(),
  };
}

/** It is stored after the commit that made it due. */
async function firstCheckpoint(store: Store): Promise<void> {
  while ((await store.checkpoints({ limit: 1 })).length === 0) await sleep(5);
}

function factOf(i: number): Uint8Array {
  return encodeFact({
    scope: i % 2 === 0 ? `a/${i % 6}` : `b/${i % 6}`,
    entity: `entity/${i % 9}`,
    relation: `relation ${i % 3}`,
    source: "test",
    value: { case: "text", value: `value ${i}` },
    assertedAt: { seconds: 1_700_000_000n, nanos: 0 },
  });
}

async function methodsOf(store: Store): Promise<ReadonlyMap<string, Method>> {
  const { factHandlers } = await built<FactHandlers>("services/storage/dist/fact/fact-service.js");
  const { logHandlers } = await built<LogHandlers>("services/storage/dist/log/log-service.js");
  const { adminHandlers } = await built<AdminHandlers>(
    "services/storage/dist/admin/admin-service.js",
  );
  const settings = { idleMs: 1, countFacts: () => {} };
  const admin = { store, version: "0", describeSettings: () => [] };
  const subject = { ...admin, storePath: "", anchorPath: undefined, keyUri: "none://" };
  const served = [
    [FactService, factHandlers(store, settings)],
    [LogService, logHandlers(store)],
    [AdminService, adminHandlers(subject as never)],
  ] as const;
  const methods = new Map<string, Method>();
  for (const [service, handlers] of served) {
    const byName: Record<string, unknown> = { ...handlers };
    for (const method of service.methods) {
      methods.set(method.localName, { method, handler: byName[method.localName] as Handler });
    }
  }
  return methods;
}

/** One valid request or more of each method that does not change who may do what. */
function validRequests(store: Store, facts: readonly Uint8Array[]): [string, object][] {
  const [fact, , other] = facts;
  const cid = hashFact(fact ?? new Uint8Array());
  const requestId = "request";
  const filter = { scope: "a/*", entity: "entity/4", relation: "relation 1", source: "test" };
  return [
    ["append", { fact: { fact }, requestId }],
    ["append", { fact: { fact }, requestId, validateOnly: true }],
    ["appendBatch", { facts: [{ fact }, { fact: other }], requestId }],
    ["appendStream", { facts: [{ fact }, { fact: other }], requestId }],
    ["retract", { cid, reason: "wrong", requestId, validateOnly: true }],
    ["get", { key: { case: "cid", value: cid } }],
    ["get", { key: { case: "index", value: 5n }, verify: 3 }],
    ["batchGet", { cids: facts.slice(0, 6).map(hashFact) }],
    ["query", { filter: { scope: "a/*" }, pageSize: 5 }],
    ["query", { filter, view: 2, asOf: { case: "asOfSize", value: 100n } }],
    ["query", { filter: { scope: "a/2" }, asOf: { case: "asOfTime", value: now() } }],
    ["search", { text: "value", filter: { scope: "a/*" }, pageSize: 3 }],
    ["watch", { fromIndex: 190n, untilHead: true, filter }],
    ["getHead", { pinnedNote: store.head().note }],
    ["getCheckpoint", { treeSize: 0n }],
    ["listCheckpoints", { pageSize: 3 }],
    ["getInclusionProof", { index: 7n, treeSize: 100n }],
    ["getConsistencyProof", { fromSize: 9n, toSize: 100n }],
    ["getReceipts", { keys: [{ key: { case: "cid", value: cid } }], privateEvidence: true }],
    ["readEntries", { fromIndex: 5n, untilIndex: 40n, bodies: true, privateEvidence: true }],
    ["listPrincipals", { pageSize: 2 }],
    ["listAlarms", { pageSize: 2, includeCleared: true }],
  ];
}

function now(): { seconds: bigint; nanos: number } {
  return { seconds: 4_000_000_000n, nanos: 1 };
}

function decoded<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array) {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
}

async function answer(
  { method, handler }: Method,
  request: MessageShape<DescMessage>,
  principal: Principal,
): Promise<void> {
  const stop = new AbortController();
  const call = { principal, peer: "127.0.0.1:1", signal: stop.signal, ending: stop.signal };
  try {
    const asked = method.methodKind === "bidi_streaming" ? only(request) : request;
    const outcome = await handler(asked, call);
    if (method.methodKind === "unary") return check(method, outcome);
    let count = 0;
    for await (const message of outcome as AsyncIterable<unknown>) {
      check(method, message);
      if (++count >= ANSWERS_MAX || isProgress(message)) return;
    }
  } finally {
    stop.abort(new StoreError("CANCELLED", "end of the call"));
  }
}

async function* only(request: unknown): AsyncGenerator<unknown> {
  yield request;
}

function isProgress(message: unknown): boolean {
  return (message as { event?: { case?: string } }).event?.case === "progress";
}

/** The answer encodes, and every fact in it is of the caller's scopes. */
function check(method: DescMethod, outcome: unknown): void {
  const schema: DescMessage = method.output;
  const bytes = toBinary(schema, create(schema, outcome as never));
  expect(bytes.length < 6 * 1024 * 1024, "an answer is above the limit");
  for (const fact of factsIn(outcome)) {
    const { scope } = parseFact(fact);
    if (!scope.startsWith("a/")) throw new Finding(`shows a fact of scope ${scope}`);
  }
}

function* factsIn(value: unknown): Generator<Uint8Array> {
  if (Array.isArray(value)) {
    for (const item of value) yield* factsIn(item);
  } else if (value instanceof Uint8Array || typeof value !== "object" || value === null) {
    return;
  } else {
    for (const [name, member] of Object.entries(value)) {
      if (name === "fact" && member instanceof Uint8Array && member.length > 0) yield member;
      else yield* factsIn(member);
    }
  }
}
