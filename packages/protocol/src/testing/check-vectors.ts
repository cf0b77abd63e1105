// The fact and log vectors, checked through the public API, so that the same checks can run over
// either crypto backend.
import assert from "node:assert/strict";
import type * as Protocol from "../index.ts";
import {
  type InvalidVector,
  type LogVectors,
  readVectors,
  type ValidFactVector,
} from "./vectors.ts";

export function checkFactVectors(protocol: typeof Protocol): void {
  for (const vector of readVectors<ValidFactVector[]>("facts_valid")) {
    const bytes = protocol.fromHex(vector.bytes);
    protocol.parseFact(bytes, { bytesMax: vector.max_bytes });
    assert.equal(protocol.formatCid(protocol.hashFact(bytes)), vector.cid, vector.name);
    const publicKey = protocol.fromHex(vector.author_public);
    const signature = protocol.fromHex(vector.author_signature);
    protocol.verifyAuthor("fact", bytes, { publicKey, signature });
  }
  for (const { why, bytes } of readVectors<InvalidVector[]>("facts_invalid")) {
    assert.throws(() => protocol.scanFact(protocol.fromHex(bytes)), protocol.MalformedError, why);
  }
}

/** Every entry against its leaf, every leaf against the one before it and against the roots. */
export function checkLogVectors(protocol: typeof Protocol): void {
  const { fromHex, sha256 } = protocol;
  const log = readVectors<LogVectors>("log_small");
  const leafHashes: Uint8Array[] = [];
  for (const [index, entry] of log.entries.entries()) {
    const leaf = protocol.parseLeaf(fromHex(entry.leaf));
    const body = fromHex(entry.body);
    const evidence = protocol.parseEvidencePublic(fromHex(entry.evidence_public));
    assert.equal(leaf.index, BigInt(index));
    assert.deepEqual(leaf.previous, leafHashes.at(-1) ?? new Uint8Array(32));
    assert.deepEqual(protocol.hashSubject(fromHex(entry.blind), sha256(body)), leaf.subject);
    const publicHash = sha256(fromHex(entry.evidence_public));
    const privateHash = sha256(fromHex(entry.evidence_private));
    assert.deepEqual(protocol.hashEvidence(publicHash, privateHash), leaf.evidence);
    protocol.parseEvidencePrivate(fromHex(entry.evidence_private));
    protocol.checkLeafLink(leaf);
    protocol.checkScopeLink(leaf.kind, evidence);
    const kindName = protocol.entryKindName(leaf.kind);
    for (const author of evidence.authorSignatures) protocol.verifyAuthor(kindName, body, author);
    assert.deepEqual(protocol.encodeLeaf(leaf), fromHex(entry.leaf));
    assert.deepEqual(protocol.encodeEvidencePublic(evidence), fromHex(entry.evidence_public));
    leafHashes.push(protocol.hashLeaf(fromHex(entry.leaf)));
    assert.equal(protocol.toHex(leafHashes[index] ?? leaf.subject), entry.leaf_hash);
  }
  for (const [size, root] of Object.entries(log.roots)) {
    const computed = protocol.rootOfLeaves(leafHashes.slice(0, Number(size)));
    assert.equal(protocol.toHex(computed), root);
  }
}
