// What outside records say of checkpoints, column by column. Each table has a row of a Rekor or a
// witness for sizes 669 and 670; the digest in the anchor finds what a row itself does not show.
import { bySql, flipByte, type TamperCase } from "./tamper-case.ts";

const attestation = bySql("attestation");
const cosignature = bySql("cosignature");
const ATTESTED = "WHERE kind = 'rekor' AND size = 669";
const OTHER_BUNDLE = "(SELECT bundle FROM attestation WHERE kind = 'rekor' AND size = 670)";
const COSIGNED = "WHERE size = 669";
const OTHER_LINE = "(SELECT line FROM cosignature WHERE size = 670)";

const attestationWrong = { verify: ["ATTESTATION_WRONG 0", "ATTESTATION_WRONG 669"] };
const attestationChanged = { verify: ["ATTESTATION_WRONG 0"] };
const cosignatureWrong = { verify: ["COSIGNATURE_WRONG 0", "COSIGNATURE_WRONG 669"] };
const cosignatureChanged = { verify: ["COSIGNATURE_WRONG 0"] };

const set = (assignment: string) => `UPDATE attestation SET ${assignment} ${ATTESTED}`;
const setCosigned = (assignment: string) => `UPDATE cosignature SET ${assignment} ${COSIGNED}`;

const doubled = (idAndSize: string) =>
  `INSERT INTO attestation SELECT ${idAndSize}, target, kind, key_id, log_id, log_index,
    signed_at_ms, attested_at_ms, bundle FROM attestation ${ATTESTED}`;
const doubledLine = (idAndSize: string) =>
  `INSERT INTO cosignature SELECT ${idAndSize}, target, witness, signed_at_ms, attested_at_ms,
    line FROM cosignature ${COSIGNED}`;

/** Exchanges what the rows of sizes 669 and 670 prove: the size moves, all else stays. */
function swap(table: string, and: string): string {
  return `UPDATE ${table} SET size = -1 WHERE size = 669${and};
    UPDATE ${table} SET size = 669 WHERE size = 670${and};
    UPDATE ${table} SET size = 670 WHERE size = -1${and}`;
}

function flipped(
  what: string,
  at: { table: string; column: string; where: string; byte: number },
  found: TamperCase["found"],
): TamperCase {
  const change: TamperCase["change"] = (store) => store.journal((db) => flipByte(db, at));
  return { part: at.table, what, change, found };
}

const attestations: TamperCase[] = [
  attestation("id: another", set("id = 77"), attestationChanged),
  attestation("size: that of no checkpoint", set("size = 100"), {
    verify: ["ATTESTATION_WRONG 0", "ATTESTATION_WRONG 100"],
  }),
  attestation("size: that of another checkpoint", set("size = 221"), {
    verify: ["ATTESTATION_WRONG 0", "ATTESTATION_WRONG 221"],
  }),
  attestation("target: another", set("target = 'rekor-b'"), attestationChanged),
  attestation("kind: one that proves nothing", set("kind = 'file'"), attestationChanged),
  attestation("key_id: another", set("key_id = hex(zeroblob(32))"), attestationWrong),
  attestation("log_id: another", set("log_id = 'bG9n'"), attestationWrong),
  attestation("log_index: another", set("log_index = log_index + 1"), attestationWrong),
  attestation("signed_at_ms: another", set("signed_at_ms = signed_at_ms - 1"), attestationWrong),
  attestation("signed_at_ms: none", set("signed_at_ms = NULL"), attestationWrong),
  attestation(
    "attested_at_ms: another",
    set("attested_at_ms = attested_at_ms - 1"),
    attestationChanged,
  ),
  flipped(
    "bundle: a byte",
    {
      ...{ table: "attestation", column: "bundle", byte: 400 },
      where: "kind = 'rekor' AND size = 669",
    },
    attestationWrong,
  ),
  attestation("bundle: that of another size", set(`bundle = ${OTHER_BUNDLE}`), attestationWrong),
  attestation("bundle: empty", set("bundle = x''"), attestationWrong),
  attestation("bundle: of another type", set("bundle = 'bundle'"), attestationWrong),
  attestation("row deleted", `DELETE FROM attestation ${ATTESTED}`, attestationChanged),
  attestation("rows swapped", swap("attestation", " AND kind = 'rekor'"), {
    verify: ["ATTESTATION_WRONG 0", "ATTESTATION_WRONG 669", "ATTESTATION_WRONG 670"],
  }),
  attestation("row doubled as the next one", doubled("7, size"), {
    verify: ["ATTESTATION_WRONG 669"],
  }),
  attestation("row doubled below zero", doubled("-1, size"), {
    verify: ["ATTESTATION_WRONG 0", "ATTESTATION_WRONG 669"],
  }),
  attestation("row doubled under a size beyond the end", doubled("7, 5000"), {
    alarms: ["ROW_FOREIGN"],
    verify: ["ROW_FOREIGN 7"],
  }),
];

const cosignatures: TamperCase[] = [
  cosignature("id: another", setCosigned("id = 77"), cosignatureChanged),
  cosignature("size: that of another checkpoint", setCosigned("size = 221"), {
    verify: ["COSIGNATURE_WRONG 0", "COSIGNATURE_WRONG 221"],
  }),
  cosignature("target: another", setCosigned("target = 'witness-b'"), cosignatureChanged),
  cosignature("witness: another", setCosigned("witness = 'w+00000000'"), cosignatureWrong),
  cosignature(
    "signed_at_ms: another",
    setCosigned("signed_at_ms = signed_at_ms + 1000"),
    cosignatureWrong,
  ),
  cosignature(
    "attested_at_ms: another",
    setCosigned("attested_at_ms = attested_at_ms - 1"),
    cosignatureChanged,
  ),
  flipped(
    "line: a byte of the signature",
    { table: "cosignature", column: "line", where: "size = 669", byte: -20 },
    cosignatureWrong,
  ),
  cosignature("line: that of another size", setCosigned(`line = ${OTHER_LINE}`), cosignatureWrong),
  cosignature("line: of another type", setCosigned("line = 'line'"), cosignatureWrong),
  cosignature("row deleted", `DELETE FROM cosignature ${COSIGNED}`, cosignatureChanged),
  cosignature("rows swapped", swap("cosignature", ""), {
    verify: ["COSIGNATURE_WRONG 0", "COSIGNATURE_WRONG 669", "COSIGNATURE_WRONG 670"],
  }),
  cosignature("row doubled as the next one", doubledLine("7, size"), {
    verify: ["COSIGNATURE_WRONG 669"],
  }),
  cosignature("row doubled below zero", doubledLine("-1, size"), cosignatureWrong),
  cosignature("row doubled under a size beyond the end", doubledLine("7, 5000"), {
    alarms: ["ROW_FOREIGN"],
    verify: ["ROW_FOREIGN 7"],
  }),
];

export const proofCases: readonly TamperCase[] = [...attestations, ...cosignatures];
