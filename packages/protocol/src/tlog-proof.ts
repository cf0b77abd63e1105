// C2SP `.tlog-proof`: one anchor of a receipt for public tools, with our leaf as the extra data.
import { concatBytes, fromBase64, text, toBase64, utf8 } from "./bytes.ts";
import { parseCheckpoint, parseDecimal } from "./checkpoint.ts";
import { parseCosignatureLine } from "./cosignature.ts";
import { MalformedError } from "./errors.ts";
import { parseLeaf } from "./leaf.ts";
import { parseNote } from "./note.ts";
import type { Receipt } from "./receipt.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
const HASH_BYTES = 32;
// A path in a tree of less than 2^63 leaves.
const PATH_HASHES_MAX = 63;
const PROOF_BYTES_MAX = 4 * 1024 * 1024;

export interface TlogProof {
  /** Opaque and unauthenticated; ours is the 114-byte leaf. Empty if absent. */
  readonly extra: Uint8Array;
  readonly index: bigint;
  /** 32 bytes each, from the leaf's sibling upwards. */
  readonly inclusion: readonly Uint8Array[];
  /** The signed note, cosignatures included. */
  readonly checkpoint: Uint8Array;
}

/**
 * Exports one anchor (the first by default), the witnesses' lines joined to its note. Verifies
 * nothing. Throws MALFORMED_PROOF if there is no such anchor, and what its parts throw; more than
 * 16 signature lines do not fit a note and throw LIMIT_EXCEEDED.
 */
export function formatTlogProof(receipt: Receipt, anchorIndex = 0): string {
  const anchor = receipt.anchors[anchorIndex];
  if (!anchor) throw malformed("receipt has no such anchor");
  for (const line of anchor.cosignatures) parseCosignatureLine(line);
  return encodeProof({
    extra: receipt.leaf,
    index: parseLeaf(receipt.leaf).index,
    inclusion: anchor.inclusion,
    checkpoint: concatBytes(anchor.checkpoint, ...anchor.cosignatures),
  });
}

/** Proves nothing. Throws MALFORMED_PROOF, LIMIT_EXCEEDED, or what the checkpoint throws. */
export function parseTlogProof(proof: string | Uint8Array): TlogProof {
  if (proof.length > PROOF_BYTES_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", "proof is over 4 MiB");
  }
  const whole = decode(proof);
  const blank = whole.indexOf("\n\n");
  if (blank < 0) throw malformed("proof has no checkpoint");
  const lines = whole.slice(0, blank).split("\n");
  if (lines.shift() !== HEADER) throw malformed("first line is not the proof header");
  const extra = parseExtra(lines);
  const index = parseIndex(lines.shift());
  if (lines.length > PATH_HASHES_MAX) throw malformed("proof has too many hashes");
  const inclusion = lines.map(parseHash);
  const checkpoint = utf8(whole.slice(blank + 2));
  parseCheckpoint(parseNote(checkpoint).text);
  return { extra, index, inclusion, checkpoint };
}

function encodeProof(proof: TlogProof): string {
  parseCheckpoint(parseNote(proof.checkpoint).text);
  if (proof.inclusion.length > PATH_HASHES_MAX) throw malformed("proof has too many hashes");
  const hashes = proof.inclusion.map((hash) => {
    if (hash.length !== HASH_BYTES) throw malformed("hash is not 32 bytes");
    return `${toBase64(hash)}\n`;
  });
  const head = `${HEADER}\nextra ${toBase64(proof.extra)}\nindex ${proof.index}\n`;
  return `${head}${hashes.join("")}\n${text(proof.checkpoint)}`;
}

// The line is optional: takes it off the list if it is there.
function parseExtra(lines: string[]): Uint8Array {
  if (!lines[0]?.startsWith("extra ")) return new Uint8Array(0);
  const extra = fromBase64((lines.shift() ?? "").slice("extra ".length), "MALFORMED_PROOF");
  if (extra.length === 0) throw malformed("extra is empty");
  return extra;
}

function parseIndex(line: string | undefined): bigint {
  const index = line?.startsWith("index ") ? parseDecimal(line.slice("index ".length)) : undefined;
  if (index === undefined) throw malformed("proof has no index below 2^63");
  return index;
}

function parseHash(line: string): Uint8Array {
  const hash = fromBase64(line, "MALFORMED_PROOF");
  if (hash.length !== HASH_BYTES) throw malformed("hash is not 32 bytes");
  return hash;
}

function decode(proof: string | Uint8Array): string {
  if (typeof proof === "string") return proof;
  try {
    return text(proof);
  } catch (cause) {
    throw new MalformedError("MALFORMED_PROOF", "proof is not UTF-8", { cause });
  }
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_PROOF", message);
}
