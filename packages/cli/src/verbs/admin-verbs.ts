// Verbs for operators and auditors.
import { anchor, folder } from "./shared-options.ts";
import type { VerbSpec } from "./spec.ts";

export const adminVerbs: readonly VerbSpec[] = [
  {
    name: "key list",
    text: "list the key slots of a store folder, or the registered keys of a running store",
    options: [
      ...folder.slice(0, 1),
      { flags: "--registered", text: "the keys that outside records are checked with" },
      { flags: "--purpose <purpose>", text: "of these only: attestation, trusted-root or witness" },
      { flags: "--all", text: "also those that are retired" },
    ],
    load: async () => (await import("../store/key-list.ts")).keyListVerb,
  },
  {
    name: "key register",
    text: "register a public key that outside records are checked with",
    options: [
      {
        flags: "--purpose <purpose>",
        text: "what it is for",
        required: true,
        choices: ["attestation", "trusted-root", "witness"],
      },
      {
        flags: "--key-file <file>",
        text: "public key (PEM or DER), trusted root (JSON), or witness key line",
        required: true,
      },
      { flags: "--name <name>", text: "a name for people" },
    ],
    load: async () => (await import("../key/registered.ts")).keyRegisterVerb,
  },
  {
    name: "key retire",
    text: "retire a registered key: what it attested stays, it attests nothing new",
    args: [["<id>", "its id"]],
    load: async () => (await import("../key/registered.ts")).keyRetireVerb,
  },
  {
    name: "key export-file-key",
    text: "print the raw key of one database file (audited)",
    args: [["<file>", "journal.db, index.db or state.db"]],
    options: [
      ...folder,
      anchor,
      { flags: "--yes", text: "say that whoever has it can read the file" },
    ],
    load: async () => (await import("../store/export-file-key.ts")).exportFileKeyVerb,
  },
  {
    name: "principal add",
    text: "create or replace a principal",
    args: [["<name>", "lower-case name"]],
    options: [
      {
        flags: "--role <role>",
        text: "what it may do",
        many: true,
        choices: ["writer", "reader", "auditor", "attestor", "dispatcher", "operator"],
      },
      { flags: "--scope <pattern>", text: "where: exact scope, `scope/*` or `*`", many: true },
      { flags: "--token-out <file>", text: "also make a token and write it here (0600)" },
    ],
    load: async () => (await import("../admin/principal.ts")).principalAddVerb,
  },
  {
    name: "alarm list",
    text: "list open alarms, newest first",
    options: [{ flags: "--all", text: "also those that were cleared" }],
    load: async () => (await import("../admin/alarm.ts")).alarmListVerb,
  },
  {
    name: "alarm clear",
    text: "mark an alarm as dealt with; its log entry stays",
    args: [["<id>", "its id"]],
    load: async () => (await import("../admin/alarm.ts")).alarmClearVerb,
  },
  {
    name: "principal list",
    text: "list principals",
    load: async () => (await import("../admin/principal.ts")).principalListVerb,
  },
  {
    name: "principal remove",
    text: "remove a principal and revoke its tokens",
    args: [["<name>", "its name"]],
    load: async () => (await import("../admin/principal.ts")).principalRemoveVerb,
  },
  {
    name: "principal token",
    text: "make a token, or revoke one",
    args: [["[name]", "the principal that gets a token"]],
    options: [
      { flags: "--expires <time>", text: "when it ends (RFC 3339; default: never)" },
      { flags: "--out <file>", text: "write the secret here (0600) instead of stdout" },
      { flags: "--revoke <id>", text: "revoke the token with this id instead" },
    ],
    load: async () => (await import("../admin/principal.ts")).principalTokenVerb,
  },
  {
    name: "audit list",
    text: "list audit and key events",
    options: [
      { flags: "--from <index>", text: "first index", fallback: "0" },
      { flags: "--until <index>", text: "one past the last (default: the head)" },
    ],
    load: async () => (await import("../admin/audit.ts")).auditListVerb,
  },
  {
    name: "store reindex",
    text: "rebuild the index from the journal",
    options: [...folder, anchor, { flags: "--text-search", text: "keep a text index from now on" }],
    load: async () => (await import("../store/reindex.ts")).reindexVerb,
  },
  {
    name: "store promote",
    text: "let a copied or rolled-back store sign again",
    options: [
      ...folder,
      anchor,
      { flags: "--reason <reason>", text: "why; kept in the log", required: true },
      { flags: "--yes", text: "confirm that the original is gone for good" },
      { flags: "--accept-loss", text: "entries may be lost: begin a new epoch, a new origin" },
      { flags: "--known-note <file>", text: "newest known note of the old origin", many: true },
    ],
    load: async () => (await import("../store/promote.ts")).promoteVerb,
  },
];
