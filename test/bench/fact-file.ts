// Facts in a file, each behind its length: how they get to another process without being made there.
import { readFileSync, writeFileSync } from "node:fs";

const LENGTH_BYTES = 4;

export function writeFacts(path: string, facts: readonly Uint8Array[]): void {
  const total = facts.reduce((sum, fact) => sum + LENGTH_BYTES + fact.length, 0);
  const out = Buffer.alloc(total);
  let at = 0;
  for (const fact of facts) {
    at = out.writeUInt32LE(fact.length, at);
    out.set(fact, at);
    at += fact.length;
  }
  writeFileSync(path, out);
}

/** All are views of one buffer. */
export function readFacts(path: string): Uint8Array[] {
  const bytes = readFileSync(path);
  const facts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    at = start + bytes.readUInt32LE(at);
    facts.push(new Uint8Array(bytes.buffer, bytes.byteOffset + start, at - start));
  }
  return facts;
}
