// The entries of the example log: genesis, facts, and one of every other kind.
import {
  ed25519Verifier,
  encodeAuditEvent,
  encodeEndorsement,
  encodeEpoch,
  encodeFact,
  encodeIntegrityRejection,
  encodeKeyEvent,
  encodeRedaction,
  encodeRetraction,
  encodeScopeErasure,
  encodeSnapshotEvent,
  formatVkey,
  hashFact,
  sha256,
  utf8,
} from "@strongroom/protocol";
import { ExampleLog, ORIGIN, publicKeyOf, START_UNIX_MS, seedOf } from "./example-log.ts";

export const FACT = 1;
export const FACT_TWO_AUTHORS = 2;
export const FACT_UNSIGNED = 3;
export const ENDORSEMENT = 4;
export const RETRACTION = 5;

export function exampleFact(n: number): Uint8Array {
  return encodeFact({
    scope: "team/a",
    entity: `user:${n}`,
    relation: "name",
    value: { case: "text", value: `Ada ${n}` },
    source: "crm",
    assertedAt: { seconds: BigInt(START_UNIX_MS / 1000), nanos: 0 },
    nonce: seedOf(`fact nonce ${n}`).slice(0, 16),
  });
}

/** Sixteen entries. */
export function exampleLog(): ExampleLog {
  const log = new ExampleLog("log");
  log.add(genesis());
  log.add({ kind: "fact", body: exampleFact(1), authors: [seedOf("author 1")] });
  const both = [seedOf("author 1"), seedOf("author 2")];
  log.add({ kind: "fact", body: exampleFact(2), authors: both });
  log.add({ kind: "fact", body: exampleFact(3) });
  const cid = hashFact(exampleFact(3));
  log.add({
    kind: "endorsement",
    body: encodeEndorsement({ index: 3n, cid }),
    signed: exampleFact(3),
    authors: [seedOf("author 2")],
  });
  const first = hashFact(exampleFact(1));
  log.add({
    kind: "retraction",
    body: encodeRetraction({ scope: "team/a", index: 1n, cid: first, reason: "left" }),
    authors: [seedOf("author 1")],
  });
  log.add({
    kind: "redaction",
    body: encodeRedaction({ index: 2n, operators: ["ada", "bob"], reason: "request" }),
  });
  addEvents(log);
  for (let n = 4; log.size < 16; n++) log.add({ kind: "fact", body: exampleFact(n) });
  return log;
}

function addEvents(log: ExampleLog): void {
  const seconds = BigInt(START_UNIX_MS / 1000);
  log.add({
    kind: "audit",
    body: encodeAuditEvent({
      action: "fact.query",
      target: "team/a",
      outcome: "allowed",
      count: 3n,
      from: { seconds, nanos: 0 },
      to: { seconds: seconds + 60n, nanos: 500_000_000 },
      details: [{ name: "principal", value: "reader" }],
    }),
  });
  log.add({
    kind: "key-event",
    body: encodeKeyEvent({ event: "slot-added", subject: "env", keyringGeneration: 2n }),
  });
  log.add({
    kind: "snapshot",
    body: encodeSnapshotEvent({
      name: "strongroom-example-9-000000000000.tar",
      manifestDigest: sha256(utf8("manifest")),
      treeSize: 9n,
      keyName: `${ORIGIN}/snapshot`,
    }),
  });
  log.add({
    kind: "integrity-rejection",
    body: encodeIntegrityRejection({
      index: 3n,
      cid: hashFact(exampleFact(3)),
      verdict: "CID_MISMATCH",
      peer: "127.0.0.1",
      offeredDigest: sha256(utf8("offered")),
    }),
  });
  log.add({
    kind: "epoch",
    body: encodeEpoch({
      lastNotes: [utf8("a note"), utf8("another note")],
      resumedSize: 8n,
      resumedRoot: log.rootAt(8),
      reason: "disk lost",
      newVkey: formatVkey(ed25519Verifier(`${ORIGIN}/e2`, publicKeyOf("epoch 2"))),
      newOrigin: `${ORIGIN}/e2`,
    }),
  });
  const scope = log.scope("team/a");
  log.add({
    kind: "scope-erasure",
    body: encodeScopeErasure({
      scopeLastEvidence: scope.last,
      scopeCount: BigInt(scope.count),
      reason: "contract ended",
    }),
  });
}

export function genesis() {
  return {
    kind: "key-event" as const,
    body: encodeKeyEvent({
      event: "genesis",
      details: [
        { name: "origin", value: ORIGIN },
        { name: "log-vkey", value: formatVkey(ed25519Verifier(ORIGIN, publicKeyOf("log"))) },
      ],
      publicKey: publicKeyOf("log"),
      keyringGeneration: 1n,
    }),
  };
}
