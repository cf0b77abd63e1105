// The list of targets as an operator writes it: JSON, in the config file or a variable.
import { z } from "zod";

const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "a name has 1-64 of a-z 0-9 . _ -"),
  /** Attempts at once. */
  concurrency: z.number().int().min(1).max(64).default(4),
  /** For one request, ms. A Rekor of version 2 answers only after its next checkpoint. */
  timeoutMs: z.number().int().min(100).max(190_000).default(60_000),
  /** At most so many attempts begin in a time; with bullmq of all workers together. */
  rate: z
    .strictObject({
      count: z.number().int().min(1).max(10_000),
      perMs: z.number().int().min(100).max(3_600_000),
    })
    .optional(),
};
const httpUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => new URL(url).username === "" && new URL(url).password === "", "no credentials");

const rekor = z.strictObject({
  ...common,
  kind: z.literal("rekor"),
  /** Where entries are added. */
  url: httpUrl,
  /** Version 2: where checkpoint and tiles are read; `url` if absent. */
  readUrl: httpUrl.optional(),
  /** Of the API; found out if absent. */
  version: z.union([z.literal(1), z.literal(2)]).optional(),
  /** File: Sigstore trusted root, JSON. */
  trustedRoot: z.string().min(1),
  /** RFC 3161 time stamp authority, for a log that gives no time; in the trusted root too. */
  timestampUrl: httpUrl.optional(),
});

const witness = z.strictObject({
  ...common,
  kind: z.literal("witness"),
  /** Submission prefix of the witness. */
  url: httpUrl,
  /** Its C2SP verifier key line, type 0x04. */
  key: z.string().min(1).max(1024),
});

const file = z.strictObject({
  ...common,
  kind: z.literal("file"),
  /** Folder; made if absent. */
  path: z.string().min(1).max(4096),
  /** Attestation keys that signed here before the present one: SPKI in base64. */
  formerKeys: z.array(z.base64().max(1024)).max(16).default([]),
});

const target = z.discriminatedUnion("kind", [rekor, witness, file]);

export const targetList = z
  .array(target)
  .min(1)
  .max(64)
  .refine(
    (list) => new Set(list.map(({ name }) => name)).size === list.length,
    "two targets have one name",
  );

export type TargetSettings = z.infer<typeof target>;
export type RekorSettings = z.infer<typeof rekor>;
export type WitnessSettings = z.infer<typeof witness>;
export type FileSettings = z.infer<typeof file>;
