// What a Rekor may answer, in both versions, and what the attestor makes of it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AttestationTarget, createTarget, type FailureClass } from "@strongroom/attestor";
import { verifyAttestation } from "@strongroom/protocol/attestation";
import { createLogger } from "@strongroom/runtime";
import { makeSigningKey, OneWork, ORIGIN } from "../support/attestor/target-bench.ts";
import type { Fault } from "../support/rekor/faults.ts";
import { type Rekor, type RekorOptions, startRekor } from "../support/rekor/start-rekor.ts";
import { temporaryFolder } from "../support/test-store.ts";

const signingKey = makeSigningKey();
const logger = createLogger({ name: "test", level: "silent" });

interface Bench {
  rekor: Rekor;
  target: AttestationTarget;
  work: OneWork;
}

async function bench(
  t: TestContext,
  options: RekorOptions,
  settings: { timeoutMs?: number; version?: 1 | 2 } = {},
): Promise<Bench> {
  const rekor = await startRekor(options);
  const trustedRoot = join(temporaryFolder(t), "trusted-root.json");
  writeFileSync(trustedRoot, rekor.trustedRoot);
  const place = { url: rekor.url, readUrl: rekor.readUrl, trustedRoot };
  const common = { name: "log", kind: "rekor", concurrency: 2, timeoutMs: 10_000 } as const;
  const parts = { origin: ORIGIN, signingKey, logger };
  const target = await createTarget({ ...common, ...place, ...settings }, parts);
  t.after(async () => {
    await target.close();
    await rekor.close();
  });
  return { rekor, target, work: new OneWork() };
}

async function attested({ rekor, target, work }: Bench) {
  const result = await work.attempt(target);
  assert.equal(result.kind, "attested", JSON.stringify(result));
  const bundle = result.kind === "attested" ? result.bundle : undefined;
  assert.ok(bundle !== undefined);
  const trust = {
    attestationKeys: [signingKey.publicKeySpki],
    trustedRoots: [rekor.trustedRoot],
  };
  return verifyAttestation(bundle, work.note, trust);
}

interface Row {
  fault: Fault;
  expect: FailureClass;
  /** Whether the entry is in the log after all. */
  isIn?: boolean;
  retryAfterMs?: number;
}

const status = (code: number, body = "", headers?: Record<string, string>): Fault => ({
  ...{ kind: "status", status: code, body },
  ...(headers && { headers }),
});

const rows: Row[] = [
  { fault: status(400, '{"message":"invalid hashedrekord request"}'), expect: "permanent" },
  { fault: status(401), expect: "permanent" },
  { fault: status(413), expect: "permanent" },
  { fault: status(422, "{}"), expect: "permanent" },
  { fault: status(501), expect: "permanent" },
  { fault: { kind: "frozen" }, expect: "frozen" },
  { fault: status(408), expect: "retry" },
  { fault: status(429, "", { "retry-after": "7" }), expect: "pushback", retryAfterMs: 7_000 },
  { fault: status(429), expect: "pushback" },
  { fault: { kind: "pushback" }, expect: "pushback" },
  { fault: status(503, "", { "retry-after": "120" }), expect: "pushback", retryAfterMs: 120_000 },
  { fault: status(500, "cannot check the signature"), expect: "server-error" },
  { fault: status(507), expect: "server-error" },
  { fault: status(409), expect: "server-error" },
  { fault: status(502), expect: "unknown-outcome" },
  { fault: status(504), expect: "unknown-outcome" },
  { fault: { kind: "garbage" }, expect: "unknown-outcome" },
  { fault: { kind: "refuse" }, expect: "unknown-outcome" },
  { fault: { kind: "wrong-proof" }, expect: "invalid-answer", isIn: true },
  { fault: { kind: "wrong-log-key" }, expect: "invalid-answer", isIn: true },
  { fault: { kind: "stale-checkpoint" }, expect: "invalid-answer", isIn: true },
  { fault: { kind: "other-entry" }, expect: "invalid-answer", isIn: true },
  { fault: { kind: "wrong-index" }, expect: "invalid-answer", isIn: true },
];

for (const version of [1, 2] as const) {
  test(`Rekor v${version}: an entry is attested, and sent as it was stored`, async (t) => {
    const one = await bench(t, { version });
    const proven = await attested(one);
    assert.equal(one.work.saves, 1);
    assert.equal(proven.timeUnixMs !== undefined, version === 1, "only version 1 signs a time");
    const again = await attested(one);
    assert.equal(again.logIndex, proven.logIndex, "the copy that was there");
    assert.equal(one.work.saves, 1, "signed once");
    assert.equal(one.rekor.log.tree.size, 1);
  });

  for (const { fault, expect, isIn, retryAfterMs } of rows) {
    const name = fault.kind === "status" ? `status ${fault.status}` : fault.kind;
    const suffix = retryAfterMs === undefined ? "" : " with Retry-After";
    test(`Rekor v${version}: ${name}${suffix} is ${expect}`, async (t) => {
      const one = await bench(t, { version }, { version });
      one.rekor.fault(fault);
      const result = await one.work.attempt(one.target);
      assert.equal(result.kind, "failed", JSON.stringify(result));
      if (result.kind !== "failed") return;
      assert.equal(result.failure, expect, result.message);
      assert.equal(result.retryAfterMs, retryAfterMs);
      assert.equal(result.evidence !== undefined, expect === "invalid-answer");
      assert.equal(one.work.saves, 1, "the request was stored before it was sent");
      one.rekor.clearFaults();
      if (isIn) assert.ok(one.rekor.log.tree.size >= 1);
      await attested(one);
    });
  }

  test(`Rekor v${version}: what was taken before the connection broke is found again`, async (t) => {
    const one = await bench(t, { version }, { version });
    one.rekor.fault({ kind: "reset" });
    const result = await one.work.attempt(one.target);
    assert.equal(result.kind === "failed" && result.failure, "unknown-outcome");
    one.rekor.clearFaults();
    await attested(one);
    assert.equal(one.rekor.log.tree.size, 1);
  });

  test(`Rekor v${version}: a broken connection that was kept alive costs no attempt`, async (t) => {
    const one = await bench(t, { version }, { version });
    await attested(one);
    await one.rekor.restart();
    await attested({ ...one, work: new OneWork() });
  });

  test(`Rekor v${version}: nobody listens is retry, no answer in time is unknown`, async (t) => {
    const one = await bench(t, { version }, { version, timeoutMs: 300 });
    await one.rekor.down();
    const away = await one.work.attempt(one.target);
    assert.equal(away.kind === "failed" && away.failure, "retry");
    await one.rekor.up();
    one.rekor.fault({ kind: "slow", ms: 2_000 }, { times: 1 });
    const late = await one.work.attempt(one.target);
    assert.equal(late.kind === "failed" && late.failure, "unknown-outcome");
    one.rekor.clearFaults();
    await attested(one);
  });

  test(`Rekor v${version}: an existing entry whose proof cannot be read yet is retry`, async (t) => {
    const one = await bench(t, { version }, { version });
    await attested(one);
    one.rekor.fault({ kind: "missing" }, { on: version === 1 ? "submit" : "read" });
    if (version === 1) one.rekor.fault({ kind: "missing" }, { on: "read" });
    const result = await one.work.attempt(one.target);
    if (result.kind === "failed") assert.equal(result.failure, "retry", result.message);
    one.rekor.clearFaults();
    await attested(one);
  });

  test(`Rekor v${version}: the version is found out, also when it is away at first`, async (t) => {
    const one = await bench(t, { version });
    await one.rekor.down();
    const away = await one.work.attempt(one.target);
    assert.equal(away.kind === "failed" && away.failure, "retry");
    assert.equal(one.work.saves, 0, "nothing is signed for an unknown version");
    await one.rekor.up();
    await attested(one);
  });
}

test("Rekor v2: a second copy of our own leaf is as good as the first", async (t) => {
  const one = await bench(t, { version: 2 }, { version: 2 });
  const first = await attested(one);
  await one.rekor.restart({ forget: 1 });
  const second = await attested(one);
  assert.notEqual(second.logIndex, first.logIndex);
  assert.equal(one.rekor.log.tree.size, 2);
});

test("Rekor v2: an existing entry is proven in a large log, from full and partial tiles", async (t) => {
  const one = await bench(t, { version: 2 }, { version: 2 });
  for (let n = 0; n < 300; n++) one.rekor.log.tree.append(Buffer.from(`before ${n}`));
  const first = await attested(one);
  for (let n = 0; n < 700; n++) one.rekor.log.tree.append(Buffer.from(`after ${n}`));
  one.rekor.log.publish();
  assert.equal((await attested(one)).logIndex, first.logIndex);
});

test("Rekor v2: a copy that the log cannot prove is evidence", async (t) => {
  const one = await bench(t, { version: 2 }, { version: 2 });
  await attested(one);
  for (const kind of ["wrong-log-key", "wrong-proof"] as const) {
    one.rekor.fault({ kind }, { on: "read" });
    const result = await one.work.attempt(one.target);
    assert.equal(result.kind === "failed" && result.failure, "invalid-answer", kind);
    assert.ok(result.kind === "failed" && result.evidence !== undefined);
    one.rekor.clearFaults();
  }
});

test("a trusted root that is none is refused with TARGET_INVALID", async (t) => {
  const trustedRoot = join(temporaryFolder(t), "none.json");
  const common = { name: "log", kind: "rekor", concurrency: 1, timeoutMs: 1000 } as const;
  const settings = { ...common, url: "http://127.0.0.1:9", trustedRoot };
  const parts = { origin: ORIGIN, signingKey, logger };
  await assert.rejects(createTarget(settings, parts), { code: "TARGET_INVALID" });
  writeFileSync(trustedRoot, "{}x");
  await assert.rejects(createTarget(settings, parts), { code: "TARGET_INVALID" });
});
