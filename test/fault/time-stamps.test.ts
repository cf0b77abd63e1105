// RFC 3161 time stamps for a Rekor that gives no time: asked for, put into the bundle, verified
// with it, and never taken from an authority that the trusted root does not name.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createTarget, type TargetResult } from "@strongroom/attestor";
import { verifyAttestation } from "@strongroom/protocol/attestation";
import { createLogger } from "@strongroom/runtime";
import { makeSigningKey, OneWork, ORIGIN } from "../support/attestor/target-bench.ts";
import { startRekor } from "../support/rekor/start-rekor.ts";
import { temporaryFolder } from "../support/test-store.ts";
import {
  startTimestampAuthority,
  type TimestampAuthority,
} from "../support/timestamp-authority.ts";

const signingKey = makeSigningKey();
const logger = createLogger({ name: "test", level: "silent" });

async function bench(t: TestContext, trusted: (authority: TimestampAuthority) => object[]) {
  const rekor = await startRekor({ version: 2 });
  t.after(() => rekor.close());
  const authority = await startTimestampAuthority(t);
  const root = JSON.parse(new TextDecoder().decode(rekor.trustedRoot));
  const json = JSON.stringify({ ...root, timestampAuthorities: trusted(authority) });
  const trustedRoot = join(temporaryFolder(t), "trusted-root.json");
  writeFileSync(trustedRoot, json);
  const { url, readUrl } = rekor;
  const place = { url, readUrl, trustedRoot, timestampUrl: authority.url };
  const common = { name: "log", kind: "rekor", concurrency: 2, timeoutMs: 10_000 } as const;
  const target = await createTarget(
    { ...common, ...place },
    { origin: ORIGIN, signingKey, logger },
  );
  t.after(() => target.close());
  const trust = {
    attestationKeys: [signingKey.publicKeySpki],
    trustedRoots: [new TextEncoder().encode(json)],
  };
  return { authority, target, trust, work: new OneWork(), rekor };
}

function bundleOf(result: TargetResult): Uint8Array {
  assert.equal(result.kind, "attested", result.kind === "failed" ? result.message : "");
  const bundle = result.kind === "attested" ? result.bundle : undefined;
  return bundle ?? assert.fail("no bundle");
}

test("the bundle carries a time that verifies, also with openssl", async (t) => {
  const { authority, target, trust, work } = await bench(t, ({ trusted }) => [trusted]);
  const bundle = bundleOf(await work.attempt(target));
  const { timeUnixMs, proven } = verifyAttestation(bundle, work.note, trust);
  assert.ok(Math.abs((timeUnixMs ?? 0) - Date.now()) < 60_000, String(timeUnixMs));
  assert.ok(proven.includes("attestation-time"));

  const json = JSON.parse(new TextDecoder().decode(bundle));
  const [stamp] = json.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
  const write = (name: string, base64: string) =>
    writeFileSync(join(authority.folder, name), Buffer.from(base64, "base64"));
  write("answer", stamp.signedTimestamp);
  write("data", json.messageSignature.signature);
  const args = ["ts", "-verify", "-in", "answer", "-data", "data", "-CAfile", "ca.crt"];
  const run = { cwd: authority.folder, encoding: "utf8", stdio: "pipe" } as const;
  assert.match(execFileSync("openssl", args, run), /^Verification: OK$/m);
});

test("an authority that the trusted root does not name is evidence, not a time", async (t) => {
  const { target, work } = await bench(t, () => []);
  const result = await work.attempt(target);
  assert.equal(result.kind === "failed" && result.failure, "invalid-answer");
  assert.match(result.kind === "failed" ? result.message : "", /ATTESTATION_TIME_INVALID/);
});

test("an authority that is busy holds this attestation up, which goes on with one entry", async (t) => {
  const { authority, target, trust, work, rekor } = await bench(t, ({ trusted }) => [trusted]);
  authority.refuse(1);
  const busy = await work.attempt(target);
  assert.equal(busy.kind === "failed" && busy.failure, "pushback");
  const bundle = bundleOf(await work.attempt(target));
  assert.ok(verifyAttestation(bundle, work.note, trust).timeUnixMs);
  assert.equal(rekor.log.tree.size, 1);
});
