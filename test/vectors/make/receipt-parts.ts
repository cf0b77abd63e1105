// What receipts in the vectors are put together from.

import { create } from "@bufbuild/protobuf";
import {
  type Anchor,
  AnchorSchema,
  cosignatureVerifier,
  ed25519Verifier,
  encodeFact,
  formatCheckpoint,
  formatVkey,
  type NoteSigner,
  type Receipt,
  ReceiptSchema,
  sha256,
  signCheckpoint,
  signCosignature,
  signNote,
  text,
  toBase64,
  utf8,
} from "@strongroom/protocol";
import { exampleFact, exampleLog, FACT, genesis } from "./example-entries.ts";
import {
  ExampleLog,
  type NewEntry,
  ORIGIN,
  publicKeyOf,
  START_UNIX_MS,
  seedOf,
  signerOf,
} from "./example-log.ts";

export interface Case {
  why: string;
  receipt: Receipt;
  policy?: string;
  now?: number;
  fact?: Uint8Array;
  /** Of the failure; absent: it holds. */
  code?: string;
}

export const log = exampleLog();
export const COSIGNED_S = BigInt(START_UNIX_MS / 1000) + 100n;
export const NOW = START_UNIX_MS + 200_000;

export const logVkey = vkeyOf(ORIGIN, "log");
export const newVkey = vkeyOf(ORIGIN, "new log");
export const LOG = `log ${logVkey}\nquorum none\n`;
export const WITNESSES = ["w1", "w2", "w3"]
  .map((name) => `witness ${name} ${witnessVkey(name)}\n`)
  .join("");
export const QUORUM = `log ${logVkey}\n${WITNESSES}group two 2 w1 w2 w3\nquorum two\n`;
export const RETIRED = `log ${newVkey}\n${WITNESSES}group two 2 w1 w2 w3\nquorum two\nretired ${logVkey} max-size 12\n`;

export function vkeyOf(name: string, label: string): string {
  return formatVkey(ed25519Verifier(name, publicKeyOf(label)));
}

export function witnessVkey(name: string): string {
  return formatVkey(cosignatureVerifier(`witness.example/${name}`, publicKeyOf(name)));
}

export interface AnchorParts {
  index: number;
  size?: number;
  signers?: readonly NoteSigner[];
  /** Witnesses by name, each with seconds after the example's time. */
  cosigned?: Readonly<Record<string, number>>;
  from?: ExampleLog;
}

export function anchorOf(parts: AnchorParts): Anchor {
  const source = parts.from ?? log;
  const size = parts.size ?? source.size;
  const checkpoint = { origin: ORIGIN, size: BigInt(size), root: source.rootAt(size) };
  const cosigned = Object.entries(parts.cosigned ?? {});
  return create(AnchorSchema, {
    checkpoint: signCheckpoint(checkpoint, parts.signers ?? [signerOf(ORIGIN, "log")]),
    inclusion: source.inclusion(parts.index, size),
    cosignatures: cosigned.map(([name, delay]) =>
      utf8(cosign(formatCheckpoint(checkpoint), name, delay)),
    ),
  });
}

export function cosign(noteText: string, name: string, delay = 0): string {
  const key = { name: `witness.example/${name}`, seed: seedOf(name) };
  return signCosignature(noteText, key, COSIGNED_S + BigInt(delay));
}

export function receiptOf(
  index: number,
  anchors: readonly Anchor[] = [anchorOf({ index })],
  change: Change = {},
  from = log,
): Receipt {
  const entry = from.entry(index);
  return create(ReceiptSchema, {
    body: entry.body,
    blind: entry.blind,
    evidencePublic: entry.evidencePublic,
    evidencePrivateHash: sha256(entry.evidencePrivate),
    leaf: entry.leaf,
    anchors: [...anchors],
    ...change,
  });
}

export type Change = Partial<
  Pick<
    Receipt,
    "body" | "blind" | "evidencePrivate" | "evidencePrivateHash" | "evidencePublic" | "leaf"
  >
>;

/** A receipt of one entry that stands after genesis in a log of its own. */
export function lone(entry: NewEntry, change: Change = {}): Receipt {
  const own = new ExampleLog("lone");
  own.add(genesis());
  const index = own.add(entry);
  return receiptOf(index, [anchorOf({ index, from: own })], change, own);
}

export function firstOf(entry: NewEntry): Receipt {
  const own = new ExampleLog("first");
  own.add(entry);
  return receiptOf(0, [anchorOf({ index: 0, from: own })], {}, own);
}

export function withNote(
  checkpoint: Uint8Array,
  inclusion = log.inclusion(FACT, log.size),
): Receipt {
  return receiptOf(FACT, [create(AnchorSchema, { checkpoint, inclusion })]);
}

export function noteOf(size: string, root: string, extra = ""): Uint8Array {
  return signNote(`${ORIGIN}\n${size}\n${root}\n${extra}`, [signerOf(ORIGIN, "log")]);
}

export const root16 = toBase64(log.rootAt(16));
export const ownNote = noteOf("16", root16);
export const ownLine = text(ownNote).split("\n\n")[1] ?? "";
export const fact3 = exampleFact(3);
export const bigFact = encodeFact(
  {
    scope: "team/a",
    entity: "user:1",
    relation: "biography",
    value: { case: "text", value: "x".repeat(70_000) },
  },
  { bytesMax: 1 << 20 },
);

export function forkedAnchor(label: string, size: number): Anchor {
  const checkpoint = { origin: ORIGIN, size: BigInt(size), root: seedOf("forged root") };
  const note = signCheckpoint(checkpoint, [signerOf(ORIGIN, label)]);
  return create(AnchorSchema, { checkpoint: note, inclusion: log.inclusion(FACT, size) });
}
