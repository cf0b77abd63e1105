// Verbs about facts.
import { factValue, filter, verifyLevel } from "./shared-options.ts";
import type { VerbSpec } from "./spec.ts";

export const factVerbs: readonly VerbSpec[] = [
  {
    name: "fact append",
    text: "append one fact and verify its receipt",
    options: [
      { flags: "--scope <scope>", text: "where it belongs, such as team/ops", required: true },
      { flags: "--entity <entity>", text: "what it is about", required: true },
      { flags: "--relation <relation>", text: "what is said of it", required: true },
      ...factValue,
      { flags: "--source <source>", text: "who or what says so" },
      { flags: "--confidence <0..1>", text: "how sure the source is" },
      { flags: "--asserted-at <time>", text: "when the source said so (RFC 3339)" },
      { flags: "--valid-until <time>", text: "when it stops being current (RFC 3339)" },
      { flags: "--derived-from <cid>", text: "a fact it follows from", many: true },
      {
        flags: "--interpret-as <kind>",
        text: "content or instruction",
        choices: ["content", "instruction"],
      },
      { flags: "--observed-by <who>", text: "who observed it" },
      { flags: "--no-nonce", text: "equal content then has an equal content id" },
      {
        flags: "--author-key-file <file>",
        text: "sign with this Ed25519 seed (32 bytes or 64 hex)",
        many: true,
      },
      { flags: "--request-id <id>", text: "kept in the private evidence" },
      { flags: "--validate-only", text: "check everything, append nothing" },
    ],
    load: async () => (await import("../fact/append.ts")).appendVerb,
  },
  {
    name: "fact get",
    text: "show one fact",
    args: [["<cid-or-index>", "content id (sha256:…) or index"]],
    options: [{ ...verifyLevel, fallback: "inclusion" }],
    load: async () => (await import("../fact/get.ts")).getVerb,
  },
  {
    name: "fact query",
    text: "list facts, newest first, or find them by words",
    options: [
      ...filter,
      { flags: "--text <words>", text: "find by words, best first; all must occur" },
      { flags: "--history", text: "all facts, not only the current ones" },
      { flags: "--as-of-size <size>", text: "as it was when the log had this size" },
      { flags: "--as-of-time <time>", text: "as it was at this time (RFC 3339)" },
      { flags: "--limit <count>", text: "stop after this many (people: 50; --json: all)" },
      verifyLevel,
    ],
    load: async () => (await import("../fact/query.ts")).queryVerb,
  },
  {
    name: "fact watch",
    text: "follow facts and retractions",
    options: [
      ...filter.slice(0, 4),
      { flags: "--from-index <index>", text: "start here (default: the present end)" },
      { flags: "--until-head", text: "stop at the present end" },
    ],
    load: async () => (await import("../fact/watch.ts")).watchVerb,
  },
  {
    name: "fact retract",
    text: "take a fact back",
    args: [["<cid>", "content id (sha256:…)"]],
    options: [
      { flags: "--reason <reason>", text: "why, at most 1,024 bytes", fallback: "" },
      { flags: "--request-id <id>", text: "kept in the private evidence" },
    ],
    load: async () => (await import("../fact/retract.ts")).retractVerb,
  },
  {
    name: "fact import",
    text: "append facts from JSON lines; run it again to resume",
    args: [["<file>", "JSON lines, one fact each; - for stdin"]],
    options: [
      { flags: "--progress-file <file>", text: "where to resume from (default: <file>.progress)" },
      { flags: "--no-nonce", text: "equal content then has an equal content id" },
      { flags: "--author-key-file <file>", text: "sign with this Ed25519 seed", many: true },
      { flags: "--batch-facts <count>", text: "facts per batch, at most 4096", fallback: "1000" },
    ],
    load: async () => (await import("../fact/import.ts")).importVerb,
  },
  {
    name: "fact export",
    text: "write facts as JSON lines or markdown",
    options: [
      ...filter,
      { flags: "--plaintext", text: "say that the file will be readable by anyone who has it" },
      { flags: "--current", text: "only current facts" },
      {
        flags: "--format <format>",
        text: "form of the file",
        choices: ["jsonl", "markdown"],
        fallback: "jsonl",
      },
      { flags: "--out <file>", text: "write here (0600) instead of stdout" },
    ],
    load: async () => (await import("../fact/export.ts")).exportVerb,
  },
];
