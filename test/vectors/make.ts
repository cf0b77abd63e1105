// Writes the golden vectors that this project makes for itself; the same bytes every time.
// Run from the root: node --conditions=source --import tsx test/vectors/make.ts
import { writeFileSync } from "node:fs";
import { makeAttestations } from "./make/attestations.ts";
import { makeNotes } from "./make/notes.ts";
import { makePolicies } from "./make/policies.ts";
import { makeReceipts } from "./make/receipts.ts";
import { makeTlogProofs } from "./make/tlog-proofs.ts";

const vectors = {
  "attestations.json": await makeAttestations(),
  "notes.json": makeNotes(),
  "policies.json": makePolicies(),
  "receipts.json": makeReceipts(),
  "tlog_proofs.json": makeTlogProofs(),
};

for (const [name, content] of Object.entries(vectors)) {
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(content, null, 1)}\n`);
}
