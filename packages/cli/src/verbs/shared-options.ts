// Options that several verbs take.
import type { OptionSpec } from "./spec.ts";

export const filter: readonly OptionSpec[] = [
  { flags: "--scope <pattern>", text: "exact scope, `scope/*`, or `*`" },
  { flags: "--entity <entity>", text: "exact entity" },
  { flags: "--relation <relation>", text: "exact relation" },
  { flags: "--source <source>", text: "exact source" },
  { flags: "--from <time>", text: "appended at or after (RFC 3339)" },
  { flags: "--until <time>", text: "appended before (RFC 3339)" },
];

export const verifyLevel: OptionSpec = {
  flags: "--verify <level>",
  text: "how much the server proves before it answers",
  choices: ["none", "body", "inclusion", "attested"],
};

export const folder: readonly OptionSpec[] = [
  {
    flags: "--store <folder>",
    text: "store folder (default: <data>/store)",
    env: "STRONGROOM_STORE",
  },
  {
    flags: "--key <uri>",
    text: "key source, such as file:///path or env://VAR (default: <data>/dev.key if there)",
    env: "STRONGROOM_KEY",
  },
];

/** For verbs that open the folder themselves: without it a moved anchor would seem to be missing. */
export const anchor: OptionSpec = {
  flags: "--anchor <file>",
  text: "head anchor (default: head.anchor in the store folder)",
  env: "STRONGROOM_ANCHOR_PATH",
};

export const cipher: OptionSpec = {
  flags: "--cipher <name>",
  text: "cipher of a new store",
  choices: ["aegis256", "sqlcipher", "chacha20", "none"],
};

export const listen: readonly OptionSpec[] = [
  { flags: "--listen <address>", text: "gRPC address", env: "STRONGROOM_LISTEN" },
  { flags: "--admin-listen <address>", text: "metrics and probes", env: "STRONGROOM_ADMIN_LISTEN" },
  {
    flags: "--tiles-listen <address>",
    text: "tlog-tiles read path (off by default)",
    env: "STRONGROOM_TILES_LISTEN",
  },
];

export const factValue: readonly OptionSpec[] = [
  { flags: "--text <text>", text: "value: text in a human language" },
  { flags: "--string <string>", text: "value: a string" },
  { flags: "--integer <integer>", text: "value: a 64-bit integer" },
  { flags: "--number <number>", text: "value: a finite number" },
  { flags: "--boolean <boolean>", text: "value: true or false", choices: ["true", "false"] },
  { flags: "--datetime <time>", text: "value: a time (RFC 3339)" },
  { flags: "--ref <ref>", text: "value: a reference to another entity" },
  { flags: "--bytes <base64>", text: "value: bytes in padded base64" },
  { flags: "--null", text: "value: null" },
];
