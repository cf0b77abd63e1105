// The heads that one commit moved, in one blob: per head u8 scope length ‖ scope ‖ u64 index ‖
// u64 scope index.
import { utf8 } from "@strongroom/protocol";
import type { ScopeHead } from "../port.ts";

export function encodeScopeHeads(heads: readonly ScopeHead[]): Uint8Array {
  const names = heads.map((head) => utf8(head.scope));
  const blob = new Uint8Array(names.reduce((sum, name) => sum + 17 + name.length, 0));
  const view = new DataView(blob.buffer);
  let at = 0;
  heads.forEach((head, i) => {
    const name = names[i] ?? new Uint8Array(0);
    blob[at] = name.length;
    blob.set(name, at + 1);
    at += 1 + name.length;
    view.setBigUint64(at, BigInt(head.index));
    view.setBigUint64(at + 8, BigInt(head.scopeIndex));
    at += 16;
  });
  return blob;
}

/** What does not decode ends the list: verification says which scopes are missing from it. */
export function decodeScopeHeads(blob: Uint8Array): ScopeHead[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  const heads: ScopeHead[] = [];
  let at = 0;
  while (at < blob.length) {
    const end = at + 1 + (blob[at] ?? 0);
    if (end + 16 > blob.length) return heads;
    heads.push({
      scope: Buffer.from(blob.subarray(at + 1, end)).toString("utf8"),
      index: Number(view.getBigUint64(end)),
      scopeIndex: Number(view.getBigUint64(end + 8)),
    });
    at = end + 16;
  }
  return heads;
}
