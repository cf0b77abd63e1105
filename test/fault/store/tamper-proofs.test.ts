import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkStore } from "../../support/check-store.ts";
import { prove } from "./proven-store.ts";
import { proofCases } from "./tamper-proofs.ts";
import { TamperRun } from "./tamper-run.ts";

const run = new TamperRun();
before(() => run.start(prove));
after(() => run.store.remove());

test("what outside records say holds under the keys that the log names", () => {
  const { store } = run;
  store.restore();
  const { path, rawKey } = store.place;
  const { attestations, cosignatures } = checkStore(path, rawKey);
  assert.deepEqual({ attestations, cosignatures }, { attestations: 4, cosignatures: 2 });
});

for (const one of proofCases) test(`${one.part}: ${one.what}`, () => run.check(one));
