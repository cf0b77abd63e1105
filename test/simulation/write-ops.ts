// Operations that write, and what must be true of their answers.
import assert from "node:assert/strict";
import {
  hashFact,
  parseLeaf,
  parseReceipt,
  type Receipt,
  sha256,
  toHex,
  verifyReceipt,
} from "@strongroom/protocol";
import type { Appended, AppendedBatch, CreatedToken, NewFact } from "@strongroom/store";
import type { Asked } from "./model.ts";
import { count, type Group, type Outcome, type PreparedOp, type RunState } from "./prepared-op.ts";
import type { FactSpec } from "./program.ts";
import { bulkFacts, newFactOf } from "./world.ts";

const CONTEXT = { principal: "simulation", requestId: "r", peer: "here" };

export function prepareAppend(state: RunState, spec: FactSpec): PreparedOp {
  const fact = newFactOf(spec, state.baseMs);
  return {
    asked: spec.broken ? [] : [asked(fact)],
    start: () => state.link.call("appendOne", fact, CONTEXT),
    check({ value, error }: Outcome<Appended>, group) {
      if (spec.broken) return assert.match(error ?? "accepted", /^(MALFORMED|NOT_CANONICAL|LIMIT)/);
      if (error !== undefined) return checkRefusal(state, { fact, error }, group);
      checkAccepted(state, { fact, ...value }, group);
      keepReceipt(state, value.receipt, value.index);
    },
  };
}

export function prepareBatch(state: RunState, specs: readonly FactSpec[]): PreparedOp {
  const facts = specs.map((spec) => newFactOf(spec, state.baseMs));
  return prepareFacts(state, facts, (i) => specs[i]?.broken === true);
}

export function prepareBulk(state: RunState, size: number): PreparedOp {
  return prepareFacts(state, bulkFacts(++state.bulks, size + 1), () => false);
}

function prepareFacts(
  state: RunState,
  facts: readonly NewFact[],
  isBroken: (position: number) => boolean,
): PreparedOp {
  return {
    asked: facts.filter((_, i) => !isBroken(i)).map(asked),
    start: () => state.link.call("appendBatch", facts, CONTEXT),
    check({ value, error }: Outcome<AppendedBatch>, group) {
      if (error !== undefined) {
        assert.ok(error === "UNAVAILABLE" && group.isRebuilding, `batch refused as ${error}`);
        return;
      }
      const { results, treeSize, checkpoint } = value;
      keepNote(state, checkpoint);
      assert.equal(results.length, facts.length);
      let newest = -1;
      for (const [i, result] of results.entries()) {
        const fact = facts[i] as NewFact;
        if (isBroken(i)) {
          assert.match(result.error?.code ?? "accepted", /^(MALFORMED|NOT_CANONICAL|LIMIT)/);
        } else if (result.error) {
          checkRefusal(state, { fact, error: result.error.code }, group);
        } else {
          checkAccepted(state, { fact, ...result, treeSize }, group);
          if (!result.existing) assert.ok(result.index > newest, "a batch keeps its order");
          if (!result.existing) newest = result.index;
        }
      }
    },
  };
}

export function prepareRetract(
  state: RunState,
  target: { cid: string; reason: string },
): PreparedOp {
  const { cid, reason } = target;
  return {
    asked: [{ type: "retraction", cid, reason }],
    start: () => state.link.call("retract", { cid: fromHexText(cid), reason }, CONTEXT),
    check({ value, error }: Outcome<Omit<Appended, "cid">>, group) {
      const known = state.model.fact(cid);
      if (error === "NOT_FOUND") {
        const isOld = known !== undefined && known.entry.index < group.startSize;
        assert.ok(!isOld, "a fact that is there can be retracted");
        return;
      }
      if (error !== undefined) {
        assert.ok(error === "UNAVAILABLE" && group.isRebuilding, `retraction refused as ${error}`);
        return;
      }
      assert.equal(value.index, known?.endedBy, "the entry that retracted the fact");
      assert.ok(value.index < value.treeSize && value.treeSize <= group.endSize);
      if (!value.existing) assert.ok(value.index >= group.startSize, "a new retraction is new");
      keepReceipt(state, value.receipt, value.index);
    },
  };
}

export function prepareToken(state: RunState, revoke: number): PreparedOp {
  const ids = [...state.tokens.keys()];
  const id = revoke > 3 ? ids[revoke % Math.max(ids.length, 1)] : undefined;
  if (id !== undefined) {
    const secret = state.tokens.get(id) ?? "";
    state.tokens.delete(id);
    return {
      asked: [{ type: "key-event" }],
      start: () => state.link.call("revokeToken", id),
      check({ error }: Outcome<{ index: number }>, group) {
        assert.ok(isPause(error, group), `revoking a token: ${error}`);
        if (error === undefined) state.revoked.push(secret);
      },
    };
  }
  return {
    asked: [{ type: "key-event" }],
    start: () => state.link.call("createToken", { principal: "operator" }),
    check({ value, error }: Outcome<CreatedToken>, group) {
      assert.ok(isPause(error, group), `creating a token: ${error}`);
      if (value) state.tokens.set(value.id, value.secret);
      if (value) assert.equal(state.model.entries[value.index]?.kind, "key-event");
    },
  };
}

/** Verifies a receipt offline and keeps it: it must stay good for as long as the log lives. */
export function keepReceipt(state: RunState, handedOut: Receipt | Uint8Array, index: number): void {
  const receipt = handedOut instanceof Uint8Array ? parseReceipt(handedOut) : handedOut;
  const proven = verifyReceipt(
    receipt,
    state.policy,
    Date.now(),
    factOfEndorsement(state, receipt),
  );
  const entry = state.model.entries[index];
  assert.equal(Number(proven.index), index, "a receipt is of the entry that was answered");
  assert.equal(proven.kind, entry?.kind);
  assert.equal(toHex(receipt.body), toHex(entry?.body ?? new Uint8Array(1)));
  for (const { checkpoint } of receipt.anchors) keepNote(state, checkpoint);
  state.receipts.push(receipt);
  count(state, "receipts");
}

/** Every note that leaves the store names a root of the one log there is. */
export function keepNote(state: RunState, note: Uint8Array): number {
  const size = state.log.checkNote(note, state.link.logVkey);
  state.notes.set(size, note);
  count(state, "notes");
  return size;
}

function factOfEndorsement(state: RunState, receipt: Receipt): { factBytes?: Uint8Array } {
  const entry = state.model.entries[Number(parseLeaf(receipt.leaf).index)];
  const target =
    entry?.kind === "endorsement" ? state.model.entries[entry.target ?? -1] : undefined;
  return target ? { factBytes: target.body } : {};
}

interface Accepted {
  fact: NewFact;
  cid: Uint8Array;
  index: number;
  treeSize: number;
  existing: boolean;
}

function checkAccepted(state: RunState, accepted: Accepted, group: Group): void {
  const { fact, cid, index, treeSize, existing } = accepted;
  assert.equal(toHex(cid), toHex(sha256(fact.bytes)));
  const known = state.model.fact(toHex(cid));
  assert.equal(known?.entry.index, index, "an acknowledged fact is where it was said to be");
  assert.ok(index < treeSize && treeSize <= group.endSize, "the size that was answered covers it");
  if (!existing) assert.ok(index >= group.startSize, "a fact that was there is not new");
  if (existing) {
    const wasThere = index < group.startSize || state.model.isAskedMoreThanOnce(toHex(cid));
    assert.ok(wasThere, "a fact that nobody else appended is new");
  }
  const isEndedBefore = known?.endedBy !== undefined && known.endedBy < group.startSize;
  assert.ok(!isEndedBefore, "a retracted fact is refused");
  for (const { publicKey } of fact.authorSignatures ?? []) {
    assert.ok(known?.signers.has(toHex(publicKey)), "a signature that was taken is in the log");
  }
}

function checkRefusal(
  state: RunState,
  refused: { fact: NewFact; error: string },
  group: Group,
): void {
  const { fact, error } = refused;
  if (error === "UNAVAILABLE" && group.isRebuilding) return;
  assert.equal(error, "FACT_RETRACTED", `append refused as ${error}`);
  const known = state.model.fact(toHex(hashFact(fact.bytes)));
  assert.notEqual(known?.endedBy, undefined, "a fact that was not retracted is not refused");
}

function isPause(error: string | undefined, group: Group): boolean {
  return error === undefined || (error === "UNAVAILABLE" && group.isRebuilding);
}

function asked({ bytes, authorSignatures = [] }: NewFact): Asked {
  const signers = authorSignatures.map((one) => toHex(one.publicKey));
  return { type: "fact", cid: toHex(hashFact(bytes)), signers };
}

function fromHexText(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
