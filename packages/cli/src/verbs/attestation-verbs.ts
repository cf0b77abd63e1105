// Verbs about what outside records say of the log.
import type { VerbSpec } from "./spec.ts";

const which: VerbSpec["args"] = [["[id-or-cid]", "its id, or the fact that it shall cover"]];
const index = { flags: "--index <index>", text: "the newest that covers this entry" };

export const attestationVerbs: readonly VerbSpec[] = [
  {
    name: "attestation list",
    text: "list attestations, newest first, and how each target does",
    options: [
      {
        flags: "--state <state>",
        text: "only these",
        many: true,
        choices: ["pending", "sent", "attested", "parked", "superseded"],
      },
      { flags: "--target <name>", text: "only this target" },
      { flags: "--limit <count>", text: "at most so many", fallback: "50" },
    ],
    load: async () => (await import("../attestation/list.ts")).attestationListVerb,
  },
  {
    name: "attestation show",
    text: "show one attestation",
    args: which,
    options: [index],
    load: async () => (await import("../attestation/show.ts")).attestationShowVerb,
  },
  {
    name: "attestation export",
    text: "write note and proof, for cosign and other stock tools",
    args: which,
    options: [
      index,
      { flags: "--bundle <file>", text: "where the Sigstore bundle goes" },
      { flags: "--note <file>", text: "where the checkpoint note goes" },
      { flags: "--cosignatures <file>", text: "where the witness's lines go" },
    ],
    load: async () => (await import("../attestation/show.ts")).attestationExportVerb,
  },
  {
    name: "attestation retry",
    text: "make what is parked or waits due now",
    args: [["[id]", "its id"]],
    options: [{ flags: "--target <name>", text: "all that are parked of this target" }],
    load: async () => (await import("../attestation/show.ts")).attestationRetryVerb,
  },
  {
    name: "attestation trust",
    text: "show which transparency logs count, or refresh that over TUF (each change is logged)",
    args: [["<action>", "show or refresh"]],
    options: [
      {
        flags: "--mirror <url>",
        text: "TUF repository (default: that of the public Sigstore instance)",
      },
      { flags: "--tuf-root <file>", text: "first root to trust of any other repository" },
      {
        flags: "--out <folder>",
        text: "also write trusted_root.json and signing_config.json here",
      },
      { flags: "--dry-run", text: "fetch, verify, say what would change" },
    ],
    load: async () => (await import("../attestation/trust.ts")).trustVerb,
  },
];
