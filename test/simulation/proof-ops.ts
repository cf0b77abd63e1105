// Operations that prove, and what must be true of their answers.
import assert from "node:assert/strict";
import {
  hashLeaf,
  LEAF_BYTES,
  type Receipt,
  toHex,
  verifyConsistency,
  verifyInclusion,
} from "@strongroom/protocol";
import type { Alarm, Store, StoredCheckpoint, StoreStatus, VerifySummary } from "@strongroom/store";
import { count, type Outcome, type PreparedOp, type RunState } from "./prepared-op.ts";
import { keepNote, keepReceipt } from "./write-ops.ts";

type Answer<K extends "inclusionProof" | "consistencyProof" | "receipts" | "offerPinnedNote"> =
  Awaited<ReturnType<Store[K]>>;

export function prepareInclusion(state: RunState, index: number, size: number): PreparedOp {
  return {
    asked: [],
    start: () => state.link.call("inclusionProof", index, size),
    check({ value, error }: Outcome<Answer<"inclusionProof">>) {
      if (index >= size) return assert.equal(error, "NOT_FOUND");
      assert.equal(error, undefined, `inclusion proof refused as ${error}`);
      const { leafHash, proof } = value as Answer<"inclusionProof">;
      assert.equal(
        toHex(leafHash),
        toHex(hashLeaf(state.model.entries[index]?.leaf as Uint8Array)),
      );
      verifyInclusion({
        leafHash: state.log.checked.leafHashes[index] as Uint8Array,
        index: BigInt(index),
        size: BigInt(size),
        proof,
        root: state.log.root(size),
      });
      count(state, "proofs");
    },
  };
}

export function prepareConsistency(state: RunState, from: number, to: number): PreparedOp {
  return {
    asked: [],
    start: () => state.link.call("consistencyProof", from, to),
    check({ value, error }: Outcome<Answer<"consistencyProof">>) {
      if (from > to) return assert.notEqual(error, undefined);
      assert.equal(error, undefined, `consistency proof refused as ${error}`);
      checkConsistency(state, { from, to, proof: (value as Answer<"consistencyProof">).proof });
    },
  };
}

export function checkConsistency(
  state: RunState,
  { from, to, proof }: { from: number; to: number; proof: Uint8Array[] },
): void {
  verifyConsistency({
    fromSize: BigInt(from),
    fromRoot: state.log.root(from),
    toSize: BigInt(to),
    toRoot: state.log.root(to),
    proof,
  });
  count(state, "proofs");
}

export function prepareReceipts(state: RunState, indexes: readonly number[]): PreparedOp {
  const keys = indexes.map((index) => ({ index }));
  return {
    asked: [],
    start: () => state.link.call("receipts", keys, { privateEvidence: true }),
    check({ value, error }: Outcome<Answer<"receipts">>) {
      assert.equal(error, undefined, `receipts refused as ${error}`);
      const { receipts } = value as { receipts: Receipt[] };
      assert.equal(receipts.length, indexes.length);
      for (const [i, receipt] of receipts.entries()) {
        keepReceipt(state, receipt, indexes[i] as number);
      }
    },
  };
}

export function prepareTile(state: RunState, pick: number, entries: boolean): PreparedOp {
  const { size } = state.model;
  const n = pick % (Math.floor((size - 1) / 256) + 1);
  const width = Math.min(256, size - n * 256);
  return {
    asked: [],
    start: () => state.link.call("tile", { level: entries ? "entries" : 0, n, width }),
    check({ value, error }: Outcome<Uint8Array>) {
      assert.equal(error, undefined, `tile refused as ${error}`);
      const range = state.model.entries.slice(n * 256, n * 256 + width);
      const expected = range.flatMap(({ leaf }) =>
        entries ? [Buffer.from([0, LEAF_BYTES]), Buffer.from(leaf)] : [Buffer.from(hashLeaf(leaf))],
      );
      assert.equal(toHex(value as Uint8Array), Buffer.concat(expected).toString("hex"));
    },
  };
}

export function prepareCheckpoints(state: RunState): PreparedOp {
  return {
    asked: [],
    start: () => state.link.call("checkpoints", { limit: 1000 }),
    check({ value, error }: Outcome<StoredCheckpoint[]>) {
      assert.equal(error, undefined, `checkpoints refused as ${error}`);
      let below = Number.POSITIVE_INFINITY;
      for (const { size, note } of value as StoredCheckpoint[]) {
        assert.ok(size < below, "checkpoints come newest first, one of a size");
        assert.equal(keepNote(state, note), size);
        below = size;
      }
    },
  };
}

/** A client shows a note that it got from this store: it proves that the log only grew. */
export function preparePin(state: RunState, pick: number): PreparedOp {
  const sizes = [...state.notes.keys()];
  const size = sizes[pick % Math.max(sizes.length, 1)] ?? 0;
  const note = state.notes.get(size) ?? new Uint8Array(0);
  return {
    asked: [],
    start: async () => {
      const before = await state.link.call("head");
      const { consistency } = await state.link.call("offerPinnedNote", note);
      return { consistency, before: before.size, after: (await state.link.call("head")).size };
    },
    check({
      value,
      error,
    }: Outcome<Answer<"offerPinnedNote"> & { before: number; after: number }>) {
      assert.equal(error, undefined, `a pinned note refused as ${error}`);
      const { consistency, before, after } = value as NonNullable<typeof value>;
      // It is proven up to whatever the head was at that moment.
      if (size > 0 && before === after) {
        checkConsistency(state, { from: size, to: after, proof: consistency });
      }
    },
  };
}

export function prepareVerify(state: RunState): PreparedOp {
  return {
    asked: [],
    start: () => state.link.call("verify"),
    check({ value, error }: Outcome<VerifySummary>, group) {
      assert.equal(error, undefined, `verify refused as ${error}`);
      const { verdict, treeSize, root, entries, findings } = value as VerifySummary;
      assert.deepEqual({ verdict, findings }, { verdict: "verified", findings: 0 });
      assert.equal(entries, treeSize);
      assert.ok(treeSize >= group.startSize && treeSize <= group.endSize);
      assert.equal(toHex(root), toHex(state.log.root(treeSize)));
      count(state, "verifications");
    },
  };
}

export function prepareStatus(state: RunState): PreparedOp {
  return {
    asked: [],
    start: async () => {
      const alarms = await state.link.call("alarms", { limit: 10, includeCleared: false });
      return { ...(await state.link.call("status")), alarms };
    },
    check({ value, error }: Outcome<StoreStatus & { alarms: Alarm[] }>, group) {
      assert.equal(error, undefined, `status refused as ${error}`);
      const status = value as StoreStatus & { alarms: Alarm[] };
      assert.equal(status.state, "ready", status.reason);
      const due = new Set<string>();
      if (state.host.hasTornAnchor) due.add("ANCHOR_DAMAGED");
      if (state.plan.config.anchorLagMs > 0) due.add("HEAD_UNCERTAIN");
      const undue = status.alarms.filter((alarm) => !due.has(alarm.code));
      assert.deepEqual(undue, [], "no alarm but of what happened");
      assert.ok(status.treeSize >= group.startSize && status.treeSize <= group.endSize);
      keepNote(state, status.checkpoint);
    },
  };
}

export function prepareReindex(state: RunState): PreparedOp {
  return {
    asked: [],
    start: () => state.link.call("reindex", {}),
    check({ error }: Outcome<void>) {
      assert.equal(error, undefined, `reindex refused as ${error}`);
      count(state, "rebuilds");
    },
  };
}
