// Every verb: name, help, arguments, options, and the module that holds it, loaded when called.
import { adminVerbs } from "./admin-verbs.ts";
import { attestationVerbs } from "./attestation-verbs.ts";
import { factVerbs } from "./fact-verbs.ts";
import { proofVerbs } from "./proof-verbs.ts";
import { serviceVerbs } from "./service-verbs.ts";
import type { OptionSpec, VerbSpec } from "./spec.ts";

export const globalOptions: readonly OptionSpec[] = [
  {
    flags: "--server <address>",
    text: "gRPC address (default: the data folder's running instance)",
  },
  { flags: "--data <folder>", text: "data folder (default: ./data)" },
  { flags: "--token-file <file>", text: "file with the token (or STRONGROOM_TOKEN)" },
  { flags: "--log-key <vkey-or-file>", text: "trusted verifier key of the log" },
  { flags: "--policy <file>", text: "trust policy (C2SP tlog-policy)" },
  { flags: "--state <file>", text: "where the pinned key and checkpoint are kept" },
  { flags: "--config <file>", text: "JSON file of settings" },
  { flags: "--timeout <seconds>", text: "deadline of a call (default: 30)" },
  { flags: "--json", text: "one JSON document, or JSON lines, on stdout" },
];

export const nouns: Readonly<Record<string, string>> = {
  fact: "append, read and follow facts",
  receipt: "fetch receipts and verify them offline",
  log: "checkpoints, proofs, entries and whole-store verification",
  attestation: "what witnesses, transparency logs and folders say of the log",
  key: "keys of a store folder, and the registered ones",
  principal: "who may call, and their tokens",
  alarm: "what the store found wrong",
  audit: "what was done and refused",
  store: "upkeep of a store folder",
};

const completion: VerbSpec = {
  name: "completion",
  text: "print a completion script",
  args: [["<shell>", "bash, zsh or fish"]],
  load: async () =>
    (await import("../completion.ts")).completionOf({ verbs, nouns, globalOptions }),
};

export const verbs: readonly VerbSpec[] = [
  ...serviceVerbs,
  ...factVerbs,
  ...proofVerbs,
  ...attestationVerbs,
  ...adminVerbs,
  completion,
];
