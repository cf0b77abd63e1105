// The two evidence parts of an entry in one column:
//   u32 length ‖ public ‖ u32 length ‖ private ‖ (32-byte hash of the private part, if that is erased)
import { sha256 } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { StoredEvidence } from "./port.ts";

const HASH_BYTES = 32;

/** Bytes that packEvidenceInto() will write. */
export function packedEvidenceBytes(publicBytes: number, privateBytes: number): number {
  return 4 + publicBytes + 4 + privateBytes;
}

/** Writes both parts at `offset` and returns the end. */
export function packEvidenceInto(
  target: Uint8Array,
  offset: number,
  parts: { public: Uint8Array; private: Uint8Array },
): number {
  let at = writeLength(target, offset, parts.public.length);
  target.set(parts.public, at);
  at = writeLength(target, at + parts.public.length, parts.private.length);
  target.set(parts.private, at);
  return at + parts.private.length;
}

/** The reverse; throws EVIDENCE_MISMATCH when the column is not of this shape. */
export function unpackEvidence(packed: Uint8Array): StoredEvidence {
  const publicEnd = 4 + readLength(packed, 0);
  const privateEnd = publicEnd + 4 + readLength(packed, publicEnd);
  const publicPart = packed.subarray(4, publicEnd);
  const privatePart = packed.subarray(publicEnd + 4, privateEnd);
  const rest = packed.length - privateEnd;
  if (rest === 0 && privatePart.length > 0) {
    return { public: publicPart, private: privatePart, privateHash: sha256(privatePart) };
  }
  if (rest === HASH_BYTES && privatePart.length === 0) {
    return { public: publicPart, private: privatePart, privateHash: packed.subarray(privateEnd) };
  }
  throw damaged();
}

function writeLength(target: Uint8Array, offset: number, length: number): number {
  target[offset] = length >>> 24;
  target[offset + 1] = length >>> 16;
  target[offset + 2] = length >>> 8;
  target[offset + 3] = length;
  return offset + 4;
}

function readLength(packed: Uint8Array, offset: number): number {
  if (offset + 4 > packed.length) throw damaged();
  const at = (i: number): number => packed[offset + i] ?? 0;
  const length = at(0) * 0x1000000 + (at(1) << 16) + (at(2) << 8) + at(3);
  if (offset + 4 + length > packed.length) throw damaged();
  return length;
}

function damaged(): StoreError {
  return new StoreError("EVIDENCE_MISMATCH", "read stored evidence: its lengths do not add up");
}
