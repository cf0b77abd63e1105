// Public evidence of an entry, read in one pass without making a message of it. The bytes were
// canonical when they were committed and their hash is in the leaf; what does not parse was edited.
import { StoreError } from "../errors.ts";
import type { AuthorSignatureBytes } from "../types.ts";

const NO_BYTES = new Uint8Array(0);
const AUTHOR = 10;
const SCOPE_INDEX = 16;
const SCOPE_PREVIOUS = 26;
const ORIGIN_RECEIPT_DIGEST = 34;
const SALT = 42;
/** Two tags and lengths, a key of 32 bytes and a signature of 64. */
const AUTHOR_BYTES = 100;

export interface EvidenceFields {
  authors: AuthorSignatureBytes[];
  scopeIndex: number;
  /** Empty for entries on no chain. */
  scopePrevious: Uint8Array;
}

/** Where the public part lies in the packed column. Throws EVIDENCE_MISMATCH. */
export function publicEvidence(packed: Uint8Array): Uint8Array {
  const length =
    (packed[0] ?? 0) * 0x1000000 +
    ((packed[1] ?? 0) << 16) +
    ((packed[2] ?? 0) << 8) +
    (packed[3] ?? 0);
  if (packed.length < 8 + length) throw damaged();
  return packed.subarray(4, 4 + length);
}

/** Throws EVIDENCE_MISMATCH. */
export function scanEvidence(bytes: Uint8Array): EvidenceFields {
  const fields: EvidenceFields = { authors: [], scopeIndex: 0, scopePrevious: NO_BYTES };
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at++];
    if (tag === SCOPE_INDEX) {
      let unit = 1;
      for (;;) {
        const byte = bytes[at++];
        if (byte === undefined || unit > 2 ** 49) throw damaged();
        fields.scopeIndex += (byte & 0x7f) * unit;
        if (byte < 0x80) break;
        unit *= 0x80;
      }
      continue;
    }
    const length = bytes[at++] ?? 0;
    const value = bytes.subarray(at, at + length);
    at += length;
    if (at > bytes.length || length >= 0x80) throw damaged();
    if (tag === SCOPE_PREVIOUS && length === 32) fields.scopePrevious = value;
    else if (tag === AUTHOR && length === AUTHOR_BYTES) {
      fields.authors.push({ publicKey: value.subarray(2, 34), signature: value.subarray(36, 100) });
    } else if (tag !== SALT && tag !== ORIGIN_RECEIPT_DIGEST) throw damaged();
  }
  return fields;
}

function damaged(): StoreError {
  return new StoreError("EVIDENCE_MISMATCH", "read stored evidence: it does not parse");
}
