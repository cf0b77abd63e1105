// An attestation through the whole service: a worker leases, a Rekor records, the store keeps what
// it has verified, and what it hands out proves itself offline.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "@strongroom/client";
import { connect } from "@strongroom/client";
import {
  AttestationState,
  TargetKind,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import type { AttestationLease } from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import { parsePolicy, toBase64, verifyReceipt } from "@strongroom/protocol";
import { attestationVerifier } from "@strongroom/protocol/attestation";
import { attestedStore } from "../support/attestor/attested-store.ts";
import { bundleFrom, newAttestationKey } from "../support/attestor/rekor-bundle.ts";
import { checkStore } from "../support/check-store.ts";
import { startRekor } from "../support/rekor/start-rekor.ts";

const key = newAttestationKey();
const target = { name: "log", kind: TargetKind.REKOR };

/** The lease of the checkpoint that covers an entry, once it is stored. */
async function leaseOf(worker: Client, index: bigint): Promise<AttestationLease> {
  for await (const { due } of worker.attestationWork.watch([target])) {
    const request = { targets: [target], worker: "tester", limit: 10, leaseMs: 60_000 };
    const ids = due.map(({ id }) => id);
    const { leases } = await worker.attestationWork.lease({ ...request, ids });
    const lease = leases.find(({ treeSize }) => treeSize > index);
    if (lease) return lease;
  }
  throw new Error("the watch has ended");
}

test("a bundle that is completed is kept, handed out, proven offline and verified again", async (t) => {
  const one = await attestedStore(t);
  const { client } = one;
  const rekor = await startRekor({ version: 1 });
  t.after(() => rekor.close());
  await client.admin.registerKey({ purpose: "attestation", key: key.spki, name: "tester" });
  await client.admin.registerKey({ purpose: "trusted-root", key: rekor.trustedRoot, name: "log" });
  const worker = await connect({ address: one.service.address, token: one.attestorToken });
  t.after(() => worker.close());
  const index = await one.append();
  await assert.rejects(client.get({ index }, { verify: "attested" }), {
    code: "ATTESTATION_REQUIRED",
  });

  const lease = await leaseOf(worker, index);
  const bundle = await bundleFrom(rekor, lease.note, key);
  const done = await worker.attestationWork.complete(lease, bundle);
  assert.equal(done?.state, AttestationState.ATTESTED);
  const again = await worker.attestationWork.complete(lease, bundle);
  assert.deepEqual(again, done);

  assert.equal((await client.get({ index }, { verify: "attested" })).verified, "attested");
  const receipt = await client.receipt({ index }, { attested: true });
  const bundles = receipt.anchors.flatMap((anchor) => anchor.bundles);
  assert.deepEqual(bundles.map(toBase64), [toBase64(bundle)]);
  const trusted = `attestation-key ${toBase64(key.spki)}\ntrusted-root log\n`;
  const policy = parsePolicy(
    `log ${client.logKeys[0]}\nquorum none\n${trusted}require attested\nmax-age 600\n`,
  );
  const { attestationKeys } = policy;
  const verifyBundle = attestationVerifier({ attestationKeys, trustedRoots: [rekor.trustedRoot] });
  const proven = verifyReceipt(receipt, policy, Date.now(), { verifyBundle });
  assert.deepEqual(
    proven.attestations.map(({ logIndex }) => logIndex),
    [done.logIndex],
  );
  const bare = await client.receipt({ index });
  assert.throws(() => verifyReceipt(bare, policy, Date.now(), { verifyBundle }), {
    code: "ATTESTATION_REQUIRED",
  });

  const findings: string[] = [];
  const summary = await client.verify({ onFinding: ({ verdict }) => findings.push(verdict) });
  assert.deepEqual([summary.verdict, findings], ["verified", []]);
  await one.service.stop();
  assert.equal(checkStore(one.service.storePath, one.service.rawKey).attestations, 1);
});
