import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { type Client, connect } from "@strongroom/client";
import { type Receipt, toBase64, utf8 } from "@strongroom/protocol";
import { bundleFrom, newAttestationKey } from "../support/attestor/rekor-bundle.ts";
import { type Rekor, startRekor } from "../support/rekor/start-rekor.ts";
import { type Service, startService } from "../support/service.ts";

const key = newAttestationKey();
let folder: string;
let service: Service;
let client: Client;
let rekor: Rekor;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "strongroom-attested-"));
  service = await startService(join(folder, "service"));
  client = await connect({ address: service.address, token: service.token });
  rekor = await startRekor({ version: 1 });
});
after(async () => {
  await client.close();
  await service.stop();
  await rekor.close();
  await rm(folder, { recursive: true });
});

/** A real receipt, its note recorded as the attestor does. */
async function attestedReceipt(): Promise<Receipt> {
  const receipt = await client.receipt({ index: 0n });
  const [anchor] = receipt.anchors;
  assert.ok(anchor);
  const bundle = await bundleFrom(rekor, anchor.checkpoint, key);
  return { ...receipt, anchors: [{ ...anchor, bundles: [bundle] }] };
}

it("a client verifies attestations under a policy of the caller's, and fails closed", async () => {
  const log = `log ${client.logKeys[0]}\nquorum none\n`;
  const policy = `${log}attestation-key ${toBase64(key.spki)}\ntrusted-root rekor\nrequire attested\n`;
  const trustedRoots = [rekor.trustedRoot];
  const receipt = await attestedReceipt();
  const young = `${policy}max-age 600\n`;
  const proven = await client.verifyReceipt(receipt, { policy: young, trustedRoots });
  assert.ok(proven.proven.includes("attestation-time"));
  assert.equal(proven.attestations.length, 1);
  assert.ok((await client.verifyReceipt(receipt)).proven.includes("checkpoint"));

  const refusals = [
    [{ policy }, "ATTESTATION_REQUIRED"],
    [{ policy: `${log}require attested\n`, trustedRoots }, "ATTESTATION_REQUIRED"],
    [{ policy: `${policy}require witnessed\n`, trustedRoots }, "WITNESS_REQUIRED"],
    [{ policy: "quorum", trustedRoots }, "MALFORMED_POLICY"],
    [{ policy, trustedRoots: [utf8("{}")] }, "MALFORMED_TRUSTED_ROOT"],
  ] as const;
  for (const [options, code] of refusals) {
    await assert.rejects(client.verifyReceipt(receipt, options), { code });
  }
  const bare = await client.receipt({ index: 0n });
  await assert.rejects(client.verifyReceipt(bare, { policy, trustedRoots }), {
    code: "ATTESTATION_REQUIRED",
  });
});
