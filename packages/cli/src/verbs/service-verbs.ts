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
