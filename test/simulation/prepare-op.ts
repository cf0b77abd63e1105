// From the data of an operation to the operation: picks are resolved against what there is now.
import type { PreparedOp, RunState } from "./prepared-op.ts";
import type { Op } from "./program.ts";
import {
  prepareCheckpoints,
  prepareConsistency,
  prepareInclusion,
  preparePin,
  prepareReceipts,
  prepareReindex,
  prepareStatus,
  prepareTile,
  prepareVerify,
} from "./proof-ops.ts";
import {
  prepareEntries,
  prepareGet,
  prepareQuery,
  prepareSearch,
  prepareWatch,
} from "./read-ops.ts";
import { allowedScopesOf } from "./world.ts";
import {
  prepareAppend,
  prepareBatch,
  prepareBulk,
  prepareRetract,
  prepareToken,
} from "./write-ops.ts";

const ABSENT_CID = "00".repeat(32);

type Prepare = { [K in Op["op"]]: (state: RunState, op: Extract<Op, { op: K }>) => PreparedOp };

const prepare: Prepare = {
  append: (state, { fact }) => prepareAppend(state, fact),
  batch: (state, { facts }) => prepareBatch(state, facts),
  bulk: (state, { count }) => prepareBulk(state, count),
  retract: (state, { pick, reason }) =>
    prepareRetract(state, { cid: pickCid(state, pick), reason: `reason ${reason}` }),
  get: (state, { pick, by, proven }) => {
    const { size } = state.model;
    const cid = new Uint8Array(Buffer.from(pickCid(state, pick), "hex"));
    return prepareGet(state, {
      key: by === "cid" ? { cid } : { index: pick % (size + 1) },
      proven,
    });
  },
  query: (state, { query }) => prepareQuery(state, query),
  search: (state, { query, word }) => prepareSearch(state, query, word),
  watch: (state, { query, from }) => prepareWatch(state, query, from),
  entries: (state, op) => {
    const { size } = state.model;
    const [from = 0, until = 0] = [op.from % (size + 1), op.until % (size + 1)].sort(
      (a, b) => a - b,
    );
    return prepareEntries(state, { from, until, scopes: allowedScopesOf(op.scopes) });
  },
  receipts: (state, { picks }) => {
    const { size } = state.model;
    return prepareReceipts(
      state,
      picks.map((pick) => pick % size),
    );
  },
  inclusion: (state, { pick, size }) => {
    const of = (size % state.model.size) + 1;
    return prepareInclusion(state, pick % (of + 1), of);
  },
  consistency: (state, { from, to }) => {
    const { size } = state.model;
    return prepareConsistency(state, from % (size + 1), to % (size + 1));
  },
  tile: (state, { pick, entries }) => prepareTile(state, pick, entries),
  checkpoints: (state) => prepareCheckpoints(state),
  pin: (state, { pick }) => preparePin(state, pick),
  token: (state, { revoke }) => prepareToken(state, revoke),
  reindex: (state) => prepareReindex(state),
  verify: (state) => prepareVerify(state),
  status: (state) => prepareStatus(state),
};

export function prepareOp(state: RunState, op: Op): PreparedOp {
  return (prepare[op.op] as (state: RunState, op: Op) => PreparedOp)(state, op);
}

/** Of a fact that is there; once in ten, and in an empty log, of one that is not. */
function pickCid(state: RunState, pick: number): string {
  const facts = state.model.entries.filter((entry) => entry.kind === "fact");
  const entry = pick % 10 === 9 ? undefined : facts[pick % Math.max(facts.length, 1)];
  return entry?.cid ?? ABSENT_CID;
}
