// Verbs about receipts and the log.
import { anchor } from "./shared-options.ts";
import type { VerbSpec } from "./spec.ts";

export const proofVerbs: readonly VerbSpec[] = [
  {
    name: "receipt get",
    text: "fetch the receipt of an entry, with an attested anchor where there is one",
    args: [["[cid-or-index]", "content id (sha256:…) or index"]],
    options: [
      { flags: "--out <file>", text: ".json, .tlog-proof, or any other name for the binary form" },
      { flags: "--private-evidence", text: "with who appended it; auditors only" },
      {
        flags: "--upgrade <file>",
        text: "add an anchor to this receipt instead; the old ones stay",
      },
    ],
    load: async () => (await import("../receipt/get.ts")).receiptGetVerb,
  },
  {
    name: "receipt verify",
    text: "verify a receipt offline under --log-key or --policy",
    args: [["<file>", "receipt: .json, .tlog-proof, or binary"]],
    options: [{ flags: "--fact <file>", text: "fact bytes, for the receipt of an endorsement" }],
    load: async () => (await import("../receipt/verify.ts")).receiptVerifyVerb,
  },
  {
    name: "log checkpoint",
    text: "print the signed note of the head",
    options: [
      { flags: "--size <size>", text: "a stored checkpoint instead (0: the newest stored)" },
    ],
    load: async () => (await import("../log/checkpoint.ts")).checkpointVerb,
  },
  {
    name: "log verifier-key",
    text: "print the C2SP verifier key line of the log",
    load: async () => (await import("../log/verifier-key.ts")).verifierKeyVerb,
  },
  {
    name: "log consistency",
    text: "prove that an older tree is a prefix of a newer one",
    options: [
      {
        flags: "--from <size-or-note>",
        text: "smaller size, or a checkpoint file",
        required: true,
      },
      { flags: "--to <size>", text: "larger size (default: the head)" },
    ],
    load: async () => (await import("../log/consistency.ts")).consistencyVerb,
  },
  {
    name: "log entries",
    text: "print entries in order",
    options: [
      { flags: "--from <index>", text: "first index", fallback: "0" },
      { flags: "--until <index>", text: "one past the last (default: the head)" },
      { flags: "--bodies", text: "with bodies and public evidence" },
      { flags: "--private-evidence", text: "with who appended them; auditors only" },
    ],
    load: async () => (await import("../log/entries.ts")).entriesVerb,
  },
  {
    name: "log tiles",
    text: "export the log as a C2SP tlog-tiles tree",
    options: [{ flags: "--out <folder>", text: "where to write", required: true }],
    load: async () => (await import("../log/tiles.ts")).tilesVerb,
  },
  {
    name: "log verify",
    text: "verify the whole store, a store folder, or an exported tree",
    options: [
      { flags: "--tiles <folder-or-url>", text: "verify this exported tree offline" },
      { flags: "--store <folder>", text: "open and verify this store folder (with --key)" },
      { flags: "--key <uri>", text: "key source of the store folder", env: "STRONGROOM_KEY" },
      anchor,
      { flags: "--from-index <index>", text: "recompute entries from here on", fallback: "0" },
    ],
    load: async () => (await import("../log/verify.ts")).logVerifyVerb,
  },
  {
    name: "log monitor",
    text: "follow the store and its transparency logs, once or as a service (--policy)",
    options: [
      { flags: "--log <url>", text: "where a Rekor 2 has /checkpoint and /tile", many: true },
      { flags: "--log-v1 <url>", text: "address of a Rekor 1", many: true },
      { flags: "--monitor-state <file>", text: "what it remembers (default: data/monitor.json)" },
      { flags: "--from-index <index>", text: "where a first look at a log begins", fallback: "0" },
      { flags: "--settle <log-index>", text: "a foreign entry that was looked into", many: true },
      { flags: "--every <seconds>", text: "run as a service, a round every so often" },
      { flags: "--admin-listen <host:port>", text: "metrics and probes of the service" },
    ],
    load: async () => (await import("../monitor/monitor.ts")).monitorVerb,
  },
];
