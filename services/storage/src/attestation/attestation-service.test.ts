import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { AdminService, KeyPurpose } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import {
  AttestationState,
  FailureClass,
  TargetKind,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import { AttestationService } from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import {
  AttestationWorkService,
  type WatchResponse,
} from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import {
  cosignatureVerifier,
  ed25519,
  formatVkey,
  parseNote,
  signCosignature,
  utf8,
} from "@strongroom/protocol";
import { failureOf } from "../raw-client.test-kit.ts";
import { makeFact, startService } from "../service.test-kit.ts";

const work = AttestationWorkService.method;
const file = { name: "folder", kind: TargetKind.FILE };
const witness = { name: "witness-a", kind: TargetKind.WITNESS };

/** A service whose every commit with a fact leaves a checkpoint. */
async function start(t: TestContext) {
  const service = await startService(t, {
    store: { checkpointEntries: 1, attestationRetryMs: 20 },
  });
  const attestor = await service.clientOf("attestor", ["attestor"], []);
  const { store } = service;
  const stored = new Promise<void>((resolve) => {
    store.on("checkpoint", (size) => size === store.head().size && resolve());
  });
  await store.appendOne({ bytes: makeFact() }, local);
  await stored;
  return { ...service, attestor };
}

const local = { principal: "test", requestId: "", peer: "" };

async function leaseOne(client: Awaited<ReturnType<typeof start>>["attestor"], target = file) {
  const request = { targets: [target], worker: "test", limit: 10 };
  const { leases } = await client.unary(work.lease, request);
  assert.equal(leases.length, 1);
  const [lease] = leases;
  assert.ok(lease);
  return lease;
}

/** What came over the wire is a Buffer. */
function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.deepEqual(new Uint8Array(actual ?? []), new Uint8Array(expected));
}

test("a checkpoint is leased, kept by a folder, and listed as attested", async (t) => {
  const { attestor, admin, store } = await start(t);
  const lease = await leaseOne(attestor);
  assert.equal(lease.attempt, 1);
  assert.equal(lease.attestedSize, 0n);
  sameBytes(lease.note, (await store.checkpoint(Number(lease.treeSize))).note);
  const key = { id: lease.id, token: lease.token };
  const { attestation } = await attestor.unary(work.complete, key);
  assert.equal(attestation?.state, AttestationState.ATTESTED);
  const again = await attestor.unary(work.complete, key);
  assert.deepEqual(again.attestation, attestation);
  const { attestations, targets } = await admin.unary(AttestationService.method.list, {});
  assert.deepEqual(attestations[0], attestation);
  assert.equal(targets[0]?.attestedSize, lease.treeSize);
  assert.equal(targets[0]?.pending, 0n);
  const status = await admin.unary(AdminService.method.status, {});
  assert.equal(status.attestedSize, lease.treeSize);
});

test("a witness's cosignature is verified, kept, and handed out with receipts", async (t) => {
  const { attestor, admin } = await start(t);
  const key = { name: "witness.example/a", seed: new Uint8Array(randomBytes(32)) };
  const vkey = formatVkey(cosignatureVerifier(key.name, ed25519.publicKey(key.seed)));
  const method = AdminService.method;
  const registered = await admin.unary(method.registerKey, {
    purpose: KeyPurpose.WITNESS,
    key: utf8(vkey),
    name: "a",
  });
  const twice = await admin.unary(method.registerKey, {
    purpose: KeyPurpose.WITNESS,
    key: utf8(`${vkey}\n`),
  });
  assert.deepEqual(twice.key, registered.key);
  const lease = await leaseOne(attestor, witness);
  const line = utf8(signCosignature(parseNote(lease.note).text, key, 1_700_000_000n));
  const { attestation } = await attestor.unary(work.addCosignature, {
    id: lease.id,
    token: lease.token,
    cosignatures: [line],
  });
  assert.equal(attestation?.state, AttestationState.ATTESTED);
  const index = lease.treeSize - 1n;
  const keys = [{ key: { case: "index" as const, value: index } }];
  const plain = await admin.unary(LogService.method.getReceipts, { keys });
  assert.equal(plain.receipts[0]?.anchors.length, 1);
  const { receipts } = await admin.unary(LogService.method.getReceipts, { keys, attested: true });
  const anchor = receipts[0]?.anchors[1];
  sameBytes(anchor?.cosignatures[0], line);
  sameBytes(anchor?.checkpoint, lease.note);
  const found = await admin.unary(AttestationService.method.get, {
    key: { case: "index", value: index },
  });
  assert.equal(found.attestation?.id, lease.id);
  sameBytes(found.attestation?.cosignatures[0], line);
  const { keys: listed } = await admin.unary(method.listKeys, {});
  assert.deepEqual(listed, [registered.key]);
});

test("a forged cosignature is kept as evidence, alarmed and parked", async (t) => {
  const { attestor, admin } = await start(t);
  const key = { name: "witness.example/a", seed: new Uint8Array(randomBytes(32)) };
  const lease = await leaseOne(attestor, witness);
  const line = utf8(signCosignature("another.example\n1\nAAAA\n", key, 1n));
  const given = { id: lease.id, token: lease.token, cosignatures: [line] };
  const unknown = await failureOf(attestor.unary(work.addCosignature, given));
  assert.equal(unknown.reason, "KEY_NOT_REGISTERED");
  const vkey = formatVkey(cosignatureVerifier(key.name, ed25519.publicKey(key.seed)));
  const purpose = KeyPurpose.WITNESS;
  await admin.unary(AdminService.method.registerKey, { purpose, key: utf8(vkey) });
  await admin.unary(AttestationService.method.retry, { ids: [lease.id] });
  const second = await leaseOne(attestor, witness);
  const forged = { id: second.id, token: second.token, cosignatures: [line] };
  const invalid = await failureOf(attestor.unary(work.addCosignature, forged));
  assert.equal(invalid.reason, "ATTESTATION_INVALID");
  const { attestation } = await admin.unary(AttestationService.method.get, {
    key: { case: "id", value: lease.id },
  });
  assert.equal(attestation?.state, AttestationState.PARKED);
  assert.equal(attestation?.lastFailure, FailureClass.INVALID_ANSWER);
  const { alarms } = await admin.unary(AdminService.method.listAlarms, {});
  assert.deepEqual(
    alarms.map(({ code }) => code),
    ["ATTESTATION_INVALID"],
  );
});

test("a result under a token that is not in force changes nothing", async (t) => {
  const { attestor } = await start(t);
  const lease = await leaseOne(attestor);
  const stale = { id: lease.id, token: new Uint8Array(16) };
  const lost = await failureOf(attestor.unary(work.complete, stale));
  assert.equal(lost.reason, "LEASE_LOST");
  const failed = { ...stale, failure: FailureClass.RETRY, message: "away" };
  assert.equal((await failureOf(attestor.unary(work.fail, failed))).reason, "LEASE_LOST");
  await attestor.unary(work.complete, { id: lease.id, token: lease.token });
});

test("a saved request is given back, whoever asks next", async (t) => {
  const { attestor } = await start(t);
  const lease = await leaseOne(attestor);
  const key = { id: lease.id, token: lease.token };
  const first = { request: utf8("first"), requestLeafHash: new Uint8Array(32).fill(1) };
  const saved = await attestor.unary(work.saveRequest, { ...key, ...first });
  sameBytes(saved.request, first.request);
  const second = { request: utf8("second"), requestLeafHash: new Uint8Array(32) };
  const kept = await attestor.unary(work.saveRequest, { ...key, ...second });
  sameBytes(kept.request, first.request);
  sameBytes(kept.requestLeafHash, first.requestLeafHash);
  const failed = { ...key, failure: FailureClass.UNKNOWN_OUTCOME, message: "cut off" };
  const { attestation } = await attestor.unary(work.fail, failed);
  assert.equal(attestation?.state, AttestationState.SENT);
});

test("a watch tells what is open, what follows, and ends with the right to it", async (t) => {
  const { attestor, store } = await start(t);
  const seen: WatchResponse[] = [];
  let wake = (): void => {};
  const stream = attestor.serverStream(work.watch, { targets: [file] });
  const ended = (async () => {
    for await (const message of stream) {
      seen.push(message);
      wake();
    }
  })();
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
  };
  await until(() => seen.some(({ isCaughtUp }) => isCaughtUp));
  const [open] = seen.flatMap(({ due }) => due);
  assert.equal(open?.attempt, 1);
  await store.appendOne({ bytes: makeFact() }, local);
  await until(() => seen.some(({ due }) => due.some(({ id }) => id !== open?.id)));
  await store.setPrincipal({ name: "attestor", roles: ["reader"], scopes: [] });
  assert.equal((await failureOf(ended)).reason, "PERMISSION_DENIED");
});

test("an attestor's note from outside confirms the head", async (t) => {
  const { attestor, admin, store } = await start(t);
  const status = () => admin.unary(AdminService.method.status, {});
  await admin.unary(LogService.method.getHead, { pinnedNote: store.head().note });
  assert.equal((await status()).head, "unconfirmed");
  await attestor.unary(LogService.method.getHead, { pinnedNote: store.head().note });
  assert.equal((await status()).head, "confirmed");
});

test("only an attestor leases, only an operator retries and registers", async (t) => {
  const { admin, attestor } = await start(t);
  const lease = { targets: [file], worker: "test", limit: 1 };
  assert.equal((await failureOf(admin.unary(work.lease, lease))).reason, "PERMISSION_DENIED");
  const retry = attestor.unary(AttestationService.method.retry, { target: "folder" });
  assert.equal((await failureOf(retry)).reason, "PERMISSION_DENIED");
  const key = { purpose: KeyPurpose.WITNESS, key: utf8("x") };
  const register = attestor.unary(AdminService.method.registerKey, key);
  assert.equal((await failureOf(register)).reason, "PERMISSION_DENIED");
});

test("what is out of bounds is refused", async (t) => {
  const { attestor } = await start(t);
  const good = { targets: [file], worker: "test", limit: 1 };
  const bad = [
    { ...good, targets: [] },
    { ...good, targets: [file, file] },
    { ...good, targets: [{ name: "../up", kind: TargetKind.FILE }] },
    { ...good, targets: [{ name: "x", kind: TargetKind.UNSPECIFIED }] },
    { ...good, limit: 0 },
    { ...good, limit: 101 },
    { ...good, duration: { seconds: 3600n, nanos: 0 } },
    { ...good, worker: "w".repeat(129) },
    { ...good, ids: ["0"] },
  ];
  for (const request of bad) {
    const refused = await failureOf(attestor.unary(work.lease, request));
    assert.equal(
      refused.reason,
      "INVALID_ARGUMENT",
      JSON.stringify(request, (_, v) => `${v}`),
    );
  }
});
