// Verbs about what outside records say of the log.
import type { VerbSpec } from "./spec.ts";

export const attestationVerbs: readonly VerbSpec[] = [
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
