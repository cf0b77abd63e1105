// Verbs that start something or speak of the program itself.
import { anchor, cipher, folder, listen } from "./shared-options.ts";
import type { VerbSpec } from "./spec.ts";

export const serviceVerbs: readonly VerbSpec[] = [
  {
    name: "init",
    text: "create a store",
    options: [
      ...folder,
      anchor,
      cipher,
      {
        flags: "--origin <name>",
        text: "name of the log, for good (default: strongroom.invalid/<id>)",
      },
      { flags: "--operator <name>", text: "name of the first operator", fallback: "operator" },
      {
        flags: "--token-out <file>",
        text: "first operator's token (default: <data>/operator.token)",
      },
      { flags: "--text-search", text: "keep a text index" },
    ],
    load: async () => (await import("../store/init.ts")).initVerb,
  },
  {
    name: "serve",
    text: "run the storage service",
    options: [...folder, ...listen],
    load: async () => (await import("../service/serve.ts")).serveVerb,
  },
  {
    name: "dev",
    text: "run everything on this machine, with a development key and token",
    options: listen,
    load: async () => (await import("../service/dev.ts")).devVerb,
  },
  {
    name: "attestor",
    text: "run the attestor: checkpoints to transparency logs, witnesses and folders",
    options: [
      {
        flags: "--targets <file>",
        text: "JSON list of targets (or STRONGROOM_TARGETS, or attestor.targets in the config file)",
      },
      {
        flags: "--signing-key <uri>",
        text: "ECDSA P-256 key in PEM: file:///path or env://NAME; generated if absent",
      },
      {
        flags: "--signing-key-wrap <uri>",
        text: "what encrypts a generated key: env:// file:// passphrase-env:// passphrase-file:// none://",
      },
      {
        flags: "--jobs-driver <driver>",
        text: "what wakes the workers (bullmq: STRONGROOM_JOBS_REDIS_URL says where Redis is)",
        choices: ["embedded", "bullmq"],
      },
      { flags: "--admin-listen <address>", text: "metrics and probes (default: 127.0.0.1:7481)" },
    ],
    load: async () => (await import("../service/attestor.ts")).attestorVerb,
  },
  {
    name: "witness",
    text: "run a witness that cosigns other logs' checkpoints (C2SP tlog-witness)",
    options: [
      {
        flags: "--logs <file>",
        text: "logs to witness, `log <vkey>` lines (default: <data>/witness/logs)",
      },
      { flags: "--name <name>", text: "name of its key, fixed at the first start" },
      { flags: "--key-file <file>", text: "its key (default: <data>/witness/witness.key)" },
      {
        flags: "--accept-new-state",
        text: "the key is there, its memory is not, and it never signed",
      },
      { flags: "--listen <address>", text: "HTTP address (default: 127.0.0.1:7460)" },
      { flags: "--admin-listen <address>", text: "metrics and probes (default: 127.0.0.1:7461)" },
    ],
    load: async () => (await import("../service/witness.ts")).witnessVerb,
  },
  {
    name: "status",
    text: "what the store is and how it is",
    load: async () => (await import("../admin/status.ts")).statusVerb,
  },
  {
    name: "doctor",
    text: "check settings, files and the running service",
    load: async () => (await import("../admin/doctor.ts")).doctorVerb,
  },
  {
    name: "version",
    text: "print the version",
    load: async () => (await import("../version.ts")).versionVerb,
  },
];
