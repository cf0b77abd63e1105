import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openState } from "../engine/sqlite/open.ts";
import { testCipher } from "../testing/temp-store.ts";
import type { DueAttestation, FailureClass, Target } from "./attestation-types.ts";
import type { WorkSettings } from "./offered-work.ts";
import { type LeasedWork, WorkQueue } from "./work-queue.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const rekor: Target = { name: "rekor-a", kind: "rekor" };
const witness: Target = { name: "witness-a", kind: "witness" };

/** A queue on a real state.db, with a clock and dice of the test's own. */
function start(t: TestContext, settings: Partial<WorkSettings> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-work-"));
  const engine = { folder, cipher: testCipher, fileKey: new Uint8Array(randomBytes(32)) };
  let state = openState(engine);
  t.after(() => {
    state.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const clock = { nowMs: 1_700_000_000_000 };
  const told: DueAttestation[][] = [];
  const open = (): WorkQueue =>
    new WorkQueue({
      rows: state.attestationWork,
      settings: { initialMs: MINUTE, capMs: HOUR, supersede: true, ...settings },
      now: () => clock.nowMs,
      random: () => 0.5,
      onDue: (due) => told.push(due),
    });
  const kit = {
    queue: open(),
    clock,
    told,
    reopen(): void {
      state.close();
      state = openState(engine);
      kit.queue = open();
    },
    lease(size: number, options: { target?: Target; limit?: number; ids?: number[] } = {}) {
      const { target = rekor, limit = 10, ids } = options;
      const request = { targets: [target], worker: "test", limit, durationMs: MINUTE };
      return kit.queue.lease({ ...request, ...(ids ? { ids } : {}) }, size);
    },
    fail(lease: LeasedWork, failure: FailureClass, retryAfterMs?: number) {
      const { id, token } = lease;
      const message = "as the test says";
      const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
      return kit.queue.fail({ id, token, failure, message, ...asked });
    },
    settle({ id, token, treeSize: size }: LeasedWork, target = rekor) {
      return kit.queue.settle(id, { token, kept: { target, size, attestedAtMs: clock.nowMs } });
    },
  };
  return kit;
}

function only(answer: { leases: LeasedWork[] }): LeasedWork {
  assert.equal(answer.leases.length, 1);
  return answer.leases[0] as LeasedWork;
}

test("a new target is offered the newest checkpoint, and one worker gets it", (t) => {
  const kit = start(t);
  const lease = only(kit.lease(7));
  assert.equal(lease.treeSize, 7);
  assert.equal(lease.attempt, 1);
  const second = kit.lease(7);
  assert.deepEqual(second.leases, []);
  assert.equal(second.nextDueAtMs, lease.expiresAtMs);
});

test("a lease that ran out is another worker's, and the late result changes nothing", (t) => {
  const kit = start(t);
  const late = only(kit.lease(7));
  kit.clock.nowMs += MINUTE;
  const lost = { code: "LEASE_LOST" };
  assert.throws(() => kit.fail(late, "retry"), lost);
  const next = only(kit.lease(7));
  assert.equal(next.attempt, 2);
  assert.throws(() => kit.queue.leased(late.id, late.token), lost);
  assert.throws(() => kit.fail(late, "permanent"), lost);
  assert.equal(kit.settle(next).state, "attested");
  assert.equal(kit.queue.ended(next.id, next.token)?.state, "attested");
  assert.equal(kit.queue.ended(late.id, late.token), undefined);
});

test("waits double from a minute to the cap, with one success they begin anew", (t) => {
  const kit = start(t);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const { nextAttemptAtMs = 0 } = kit.fail(only(kit.lease(7)), "retry");
    waits.push((nextAttemptAtMs - kit.clock.nowMs) / MINUTE);
    assert.deepEqual(kit.lease(7).leases, []);
    kit.clock.nowMs = nextAttemptAtMs;
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
  kit.settle(only(kit.lease(7)));
  const { nextAttemptAtMs = 0 } = kit.fail(only(kit.lease(8)), "retry");
  assert.equal(nextAttemptAtMs - kit.clock.nowMs, MINUTE);
});

test("what a target asks to wait is honoured between the first wait and a day", (t) => {
  const kit = start(t);
  for (const [asked, granted] of [
    [1000, MINUTE],
    [5 * MINUTE, 5 * MINUTE],
    [9 * DAY, DAY],
  ] as const) {
    const { nextAttemptAtMs = 0 } = kit.fail(only(kit.lease(7)), "pushback", asked);
    assert.equal(nextAttemptAtMs - kit.clock.nowMs, granted);
    kit.clock.nowMs = nextAttemptAtMs;
  }
});

test("permanent, frozen and invalid park at once, a server error after five", (t) => {
  for (const failure of ["permanent", "frozen", "invalid-answer"] as const) {
    const kit = start(t);
    assert.equal(kit.fail(only(kit.lease(7)), failure).state, "parked");
    kit.clock.nowMs += DAY;
    assert.deepEqual(kit.lease(7).leases, []);
  }
  const kit = start(t);
  const states = Array.from({ length: 5 }, () => {
    const failed = kit.fail(only(kit.lease(7)), "server-error");
    kit.clock.nowMs += HOUR;
    return failed.state;
  });
  assert.deepEqual(states, ["pending", "pending", "pending", "pending", "parked"]);
});

test("a conflict is due again at once, five times, then it waits", (t) => {
  const kit = start(t);
  for (let i = 0; i < 5; i++) kit.fail(only(kit.lease(7, { target: witness })), "conflict");
  const { nextAttemptAtMs = 0 } = kit.fail(only(kit.lease(7, { target: witness })), "conflict");
  assert.equal(nextAttemptAtMs - kit.clock.nowMs, MINUTE);
});

test("what was never sent gives way to a newer checkpoint, what was sent does not", (t) => {
  const kit = start(t);
  const sent = only(kit.lease(7));
  const request = { request: new Uint8Array([1]), requestLeafHash: new Uint8Array(32) };
  kit.queue.saveRequest({ ...sent, ...request });
  kit.fail(sent, "unknown-outcome");
  for (const size of [8, 9, 10]) kit.queue.offer([size]);
  const states = kit.queue.list({ limit: 10 }).map(({ treeSize, state }) => [treeSize, state]);
  assert.deepEqual(states, [
    [10, "pending"],
    [9, "superseded"],
    [8, "superseded"],
    [7, "sent"],
  ]);
  kit.clock.nowMs += MINUTE;
  const again = only(kit.lease(10));
  assert.equal(again.treeSize, 7);
  assert.deepEqual([...(again.request ?? [])], [1]);
  kit.settle(again);
  assert.equal(only(kit.lease(10)).treeSize, 10);
});

test("an outage of a day ends with what was sent and one more for the newest", (t) => {
  const kit = start(t);
  let attempts = 0;
  for (let minute = 1; minute <= 24 * 60; minute++) {
    kit.clock.nowMs += MINUTE;
    kit.queue.offer([minute]);
    for (const lease of kit.lease(minute).leases) {
      attempts++;
      const request = { request: new Uint8Array([7]), requestLeafHash: new Uint8Array(32) };
      kit.queue.saveRequest({ ...lease, ...request });
      kit.fail(lease, "retry");
    }
  }
  assert.ok(attempts <= 35, `${attempts} attempts in a day`);
  const [status] = kit.queue.status(24 * 60);
  assert.equal(status?.pending, 2);
  kit.clock.nowMs += 2 * HOUR;
  const submitted: number[] = [];
  for (let lease = kit.lease(24 * 60).leases[0]; lease; lease = kit.lease(24 * 60).leases[0]) {
    submitted.push(lease.treeSize);
    kit.settle(lease);
  }
  assert.deepEqual(submitted, [1, 24 * 60]);
});

test("one failing target never delays another", (t) => {
  const kit = start(t);
  kit.fail(only(kit.lease(7, { target: rekor })), "frozen");
  assert.equal(only(kit.lease(7, { target: witness })).target, "witness-a");
});

test("each checkpoint is attested where superseding is off, 10,000 of them too", (t) => {
  const kit = start(t, { supersede: false });
  kit.lease(0);
  kit.queue.offer(Array.from({ length: 10_000 }, (_, i) => i + 1));
  let worked = 0;
  for (let leases = kit.lease(10_000, { limit: 100 }).leases; leases.length > 0; ) {
    assert.ok(leases.length <= 100);
    for (const lease of leases.slice(0, worked < 300 ? 100 : 1)) {
      assert.equal(lease.treeSize, ++worked);
      kit.settle(lease);
    }
    leases = worked < 300 ? kit.lease(10_000, { limit: 100 }).leases : [];
  }
  assert.equal(kit.queue.status(10_000)[0]?.pending, 10_000 - worked);
});

test("a clock that is put back makes nothing wait longer than it was to", (t) => {
  const kit = start(t);
  const lease = only(kit.lease(7));
  kit.clock.nowMs -= 365 * DAY;
  const { nextAttemptAtMs = 0 } = kit.fail(lease, "retry");
  assert.equal(nextAttemptAtMs - kit.clock.nowMs, MINUTE);
  kit.clock.nowMs -= 365 * DAY;
  kit.reopen();
  assert.deepEqual(kit.lease(7).leases, []);
  kit.clock.nowMs += MINUTE;
  only(kit.lease(7));
});

test("a clock that is put forward ends leases early, and their results count for nothing", (t) => {
  const kit = start(t);
  const lease = only(kit.lease(7));
  kit.clock.nowMs += 365 * DAY;
  assert.throws(() => kit.fail(lease, "retry"), { code: "LEASE_LOST" });
  kit.settle(only(kit.lease(7)));
});

test("an operator's retry brings back what was parked, its request too", (t) => {
  const kit = start(t);
  const lease = only(kit.lease(7));
  const request = { request: new Uint8Array([1]), requestLeafHash: new Uint8Array(32) };
  kit.queue.saveRequest({ ...lease, ...request });
  kit.fail(lease, "frozen");
  const [retried] = kit.queue.retry({ ids: [], target: "rekor-a" });
  assert.equal(retried?.state, "sent");
  assert.deepEqual([...(only(kit.lease(7)).request ?? [])], [1]);
});

test("what the journal keeps is taken over by rows that were lost", (t) => {
  const kit = start(t);
  const kept = {
    target: rekor,
    size: 7,
    attestedAtMs: kit.clock.nowMs,
    logId: "AA==",
    logIndex: 3,
  };
  kit.queue.adopt([kept]);
  kit.queue.adopt([kept]);
  const [first, ...rest] = kit.queue.list({ limit: 10 });
  assert.deepEqual(rest, []);
  assert.equal(first?.state, "attested");
  assert.equal(first?.logIndex, 3);
  assert.deepEqual(kit.lease(7).leases, []);
  assert.equal(only(kit.lease(8)).attestedSize, 7);
});

test("only the ids that are asked for are leased", (t) => {
  const kit = start(t);
  kit.queue.know([rekor], 7);
  const [row] = kit.queue.list({ limit: 1 });
  assert.deepEqual(kit.lease(7, { ids: [99] }).leases, []);
  assert.equal(only(kit.lease(7, { ids: [row?.id ?? 0] })).id, row?.id);
});
