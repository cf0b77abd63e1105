import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  cosignatureVerifier,
  ed25519,
  formatVkey,
  parseNote,
  signCosignature,
  utf8,
} from "@strongroom/protocol";
import { SCHEMA_VERSIONS } from "../engine/sqlite/schema.ts";
import type { Finding, Store } from "../index.ts";
import { factBytes, openFile, type TempStore, tempStore } from "../testing/temp-store.ts";

const context = { principal: "test", requestId: "", peer: "" };
const folder = { name: "folder", kind: "file" } as const;
const witness = { name: "witness-a", kind: "witness" } as const;
const request = { worker: "test", limit: 10, durationMs: 60_000 };
const key = { name: "witness.example/a", seed: new Uint8Array(randomBytes(32)) };
const vkey = utf8(formatVkey(cosignatureVerifier(key.name, ed25519.publicKey(key.seed))));

/** Appends a fact and waits until its checkpoint is stored. */
async function appendStored(store: Store): Promise<void> {
  const stored = new Promise<void>((resolve) => {
    store.on("checkpoint", (size) => size === store.head().size && resolve());
  });
  await store.appendOne({ bytes: factBytes() }, context);
  await stored;
}

async function cosign(store: Store): Promise<{ id: number; size: number }> {
  const { leases } = await store.attestations.lease({ ...request, targets: [witness] });
  const [lease] = leases;
  assert.ok(lease);
  const line = utf8(signCosignature(parseNote(lease.note).text, key, 1_700_000_000n));
  const { id, token } = lease;
  const done = await store.attestations.addCosignatures({ id, token, cosignatures: [line] });
  assert.equal(done.state, "attested");
  return { id, size: lease.treeSize };
}

async function start(t: TestContext): Promise<{ place: TempStore; store: Store }> {
  const place = tempStore(t);
  const store = await place.open({ checkpointEntries: 1 });
  await store.keys.register({ purpose: "witness", key: vkey, name: "a" });
  await appendStored(store);
  return { place, store };
}

async function findingsOf(store: Store): Promise<string[]> {
  const findings: Finding[] = [];
  await store.verify({ onFinding: (finding) => findings.push(finding) });
  return findings.map(({ verdict }) => verdict);
}

test("a lost state loses nothing that the journal has", async (t) => {
  const { place, store } = await start(t);
  const { size } = await cosign(store);
  const { leases } = await store.attestations.lease({ ...request, targets: [folder] });
  const [lease] = leases;
  assert.ok(lease);
  await store.attestations.complete({ ...lease, bundle: new Uint8Array(0) });
  await store.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(join(place.path, `state.db${suffix}`), { force: true });
  }
  const again = await place.open({ checkpointEntries: 1 });
  const listed = await again.attestations.list({ limit: 10 });
  assert.deepEqual(listed.map(({ target, state }) => `${target} ${state}`).sort(), [
    "folder attested",
    "witness-a attested",
  ]);
  const proven = await again.attestations.covering({ index: size - 1 });
  assert.equal(proven.cosignatures.length, 1);
  assert.equal(proven.treeSize, size);
  const { leases: none } = await again.attestations.lease({ ...request, targets: [witness] });
  assert.deepEqual(none, []);
  assert.deepEqual(await findingsOf(again), []);
});

test("a crash between the journal and the work row is made up for at the next open", async (t) => {
  const { place, store } = await start(t);
  const { id } = await cosign(store);
  await store.close();
  const state = await openFile(place, "state");
  state.prepare("UPDATE attestation_work SET state = 'pending' WHERE id = ?").run(id);
  state.close();
  const again = await place.open({ checkpointEntries: 1 });
  assert.equal((await again.attestations.get(id)).state, "attested");
});

test("registered keys are replayed from the log, and a retired one attests nothing new", async (t) => {
  const { place, store } = await start(t);
  await cosign(store);
  const [registered] = store.keys.list();
  assert.ok(registered);
  await store.keys.retire(registered.id);
  await store.close();
  const again = await place.open({ checkpointEntries: 1 });
  assert.deepEqual(again.keys.list(), []);
  const [retired] = again.keys.list({ includeRetired: true });
  assert.equal(retired?.id, registered.id);
  assert.deepEqual(await findingsOf(again), []);
  await appendStored(again);
  await assert.rejects(cosign(again), { code: "KEY_NOT_REGISTERED" });
});

test("an edited proof is found, each table under its own verdict", async (t) => {
  const { place, store } = await start(t);
  await cosign(store);
  await store.close();
  const journal = await openFile(place, "journal");
  journal.exec("DROP TRIGGER cosignature_no_update");
  journal.exec("UPDATE cosignature SET signed_at_ms = signed_at_ms + 1000");
  journal
    .prepare(
      "INSERT INTO attestation VALUES (1, 1000, 'rekor-a', 'rekor', 'k', 'l', 1, NULL, 1, x'7b7d')",
    )
    .run();
  const [row] = journal.prepare("SELECT size FROM checkpoint ORDER BY size DESC").all() as {
    size: number;
  }[];
  journal.prepare("DROP TRIGGER attestation_no_update").run();
  journal.prepare("UPDATE attestation SET size = ?").run(row?.size);
  journal.close();
  const again = await place.open();
  const found = new Set(await findingsOf(again));
  assert.ok(found.has("COSIGNATURE_WRONG"), [...found].join());
  assert.ok(found.has("ATTESTATION_WRONG"), [...found].join());
});

test("proofs are never updated, removed or replaced", async (t) => {
  const { place, store } = await start(t);
  await cosign(store);
  await store.close();
  const journal = await openFile(place, "journal");
  for (const sql of [
    "UPDATE cosignature SET line = x'00'",
    "DELETE FROM cosignature",
    "INSERT OR REPLACE INTO cosignature SELECT * FROM cosignature",
  ]) {
    assert.throws(() => journal.exec(sql), /append-only/);
  }
  journal.close();
  const again = await place.open();
  const alarms = await again.alarms({ limit: 10, includeCleared: false });
  assert.equal(alarms.filter(({ code }) => code === "FACT_MUTATION_ATTEMPTED").length, 3);
});

test("a store of the first schema is migrated at open, and keeps everything", async (t) => {
  const { place, store } = await start(t);
  const { size } = store.head();
  await store.close();
  const journal = await openFile(place, "journal");
  for (const table of ["attestation", "cosignature"]) journal.exec(`DROP TABLE ${table}`);
  journal.exec("DROP TRIGGER schema_no_delete; DELETE FROM schema");
  journal.exec("INSERT INTO schema VALUES (1, 1)");
  const [trigger] = journal
    .prepare("SELECT sql FROM sqlite_schema WHERE name = 'control_no_delete'")
    .all() as { sql: string }[];
  journal.exec(
    (trigger?.sql ?? "").replaceAll("control", "schema").replaceAll('"index"', "version"),
  );
  journal.pragma("user_version = 1");
  journal.close();
  const state = await openFile(place, "state");
  for (const table of ["target", "attestation_work", "attestation_evidence"]) {
    state.exec(`DROP TABLE ${table}`);
  }
  state.pragma("user_version = 1");
  state.close();
  const again = await place.open({ checkpointEntries: 1 });
  assert.equal(again.status().state, "ready");
  assert.equal(again.status().treeSize, size);
  await cosign(again);
  await again.close();
  const migrated = await openFile(place, "journal");
  assert.equal(migrated.pragma("user_version", { simple: true }), SCHEMA_VERSIONS.journal);
  const versions = migrated.prepare("SELECT version FROM schema ORDER BY 1").pluck().all();
  assert.deepEqual(versions, [1, 2]);
  migrated.close();
});
