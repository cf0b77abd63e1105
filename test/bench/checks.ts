// What was timed must also be right: counts, content and proofs, looked at when the clock stands.
import assert from "node:assert/strict";
import {
  equalBytes,
  hashFact,
  parseFact,
  type Receipt,
  singleLogPolicy,
  verifyReceipt,
} from "@strongroom/protocol";
import type { FactPage, Store, StoredFact } from "@strongroom/store";
import { COMMON_SCOPE, type MadeFact } from "./facts.ts";
import { PAGE_SIZE } from "./store-work.ts";

/** Every receipt verifies offline and is of the fact asked for. */
export function checkReceipts(
  logVkey: string,
  facts: readonly Pick<MadeFact, "cid">[],
  receipts: readonly Receipt[],
): void {
  const policy = singleLogPolicy(logVkey);
  assert.equal(receipts.length, facts.length, "a receipt for each fact");
  facts.forEach(({ cid }, i) => {
    const receipt = receipts[i];
    assert.ok(receipt, "there is a receipt");
    const proven = verifyReceipt(receipt, policy, Date.now());
    assert.ok(proven.cid && equalBytes(proven.cid, cid), "the receipt is of another fact");
  });
}

export function checkGot(facts: readonly MadeFact[], got: readonly StoredFact[]): void {
  assert.equal(got.length, facts.length, "an answer for each fact");
  facts.forEach(({ cid }, i) => {
    assert.ok(equalBytes(hashFact(got[i]?.bytes ?? new Uint8Array()), cid), "another fact came");
  });
}

/** All five facts of the entity, and nothing else. */
export function checkEntity(entity: string, { facts }: FactPage): void {
  assert.equal(facts.length, 5, `${entity} has five facts`);
  for (const { bytes } of facts) assert.equal(parseFact(bytes).entity, entity);
}

/** A full page of the common scope, newest first, all below `below`. */
export function checkCommonPage({ facts }: FactPage, below: number): void {
  assert.equal(facts.length, PAGE_SIZE, "a full page");
  let last = below;
  for (const { bytes, index } of facts) {
    assert.ok(index < last, "in order, and below the size asked for");
    assert.equal(parseFact(bytes).scope, COMMON_SCOPE);
    last = index;
  }
}

/** The store holds as many entries as were appended, and these facts with their proofs. */
export async function checkStored(
  store: Store,
  expected: { size: number; facts: readonly MadeFact[] },
): Promise<void> {
  assert.equal(store.head().size, expected.size, "entries in the log");
  for (const fact of expected.facts) {
    checkGot([fact], [await store.get({ cid: fact.cid }, { verify: "inclusion" })]);
    const { receipts } = await store.receipts([{ cid: fact.cid }]);
    checkReceipts(store.logVkey, [fact], receipts);
  }
}
