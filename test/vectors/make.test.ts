import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { makeAttestations } from "./make/attestations.ts";
import { makeNotes } from "./make/notes.ts";
import { makePolicies } from "./make/policies.ts";
import { makeReceipts } from "./make/receipts.ts";
import { makeTlogProofs } from "./make/tlog-proofs.ts";

const makers = {
  attestations: makeAttestations,
  notes: makeNotes,
  policies: makePolicies,
  receipts: makeReceipts,
  tlog_proofs: makeTlogProofs,
};

for (const [name, make] of Object.entries(makers)) {
  test(`the vectors in ${name}.json are what make.ts writes`, async () => {
    const committed = readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8");
    assert.equal(`${JSON.stringify(await make(), null, 1)}\n`, committed);
  });
}
