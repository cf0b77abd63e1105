import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Channel } from "./channel.ts";
import { connect } from "./connect.ts";
import { ClientError } from "./errors.ts";
import { readState, writeState } from "./state-file.ts";
import { FakeLog } from "./testing/fake-log.ts";
import { openTrust, type Trust } from "./trust.ts";

let folder: string;
let statePath: string;
let log: FakeLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "strongroom-client-"));
  statePath = join(folder, "state.json");
  log = await new FakeLog().grow(10).start();
});
afterEach(async () => {
  await log.stop();
  await rm(folder, { recursive: true });
});

function failsWith(code: string) {
  return (error: unknown) => error instanceof ClientError && error.code === code;
}

async function visit(options: { policy?: string; originKey?: string } = {}): Promise<void> {
  const client = await connect({ address: log.address, statePath, ...options });
  await client.close();
}

describe("trust", () => {
  it("pins the log key and the head on first use, readable by the owner only", async () => {
    await visit();
    const state = await readState(statePath);
    assert.equal(state?.origin, "log.example");
    assert.deepEqual(state?.logKeys, [log.vkey]);
    assert.equal(state?.pinnedBy, "first-use");
    assert.equal((await stat(statePath)).mode & 0o777, 0o600);
    assert.equal(state?.note, new TextDecoder().decode(log.note()));
  });

  it("does not ask for keys again once they are pinned, and follows the log", async () => {
    await visit();
    log.grow(7);
    await visit();
    assert.equal(log.calls.filter((call) => call === "getVerifierKeys").length, 1);
    assert.equal((await readState(statePath))?.note, new TextDecoder().decode(log.note()));
  });

  it("says ROLLBACK_DETECTED for a shorter log, keeps both notes and the verdict", async () => {
    await visit();
    const pinned = log.note();
    log.leaves = log.leaves.slice(0, 6);
    await assert.rejects(visit(), failsWith("ROLLBACK_DETECTED"));
    const evidence = (await readdir(folder)).filter((name) => name.includes("rollback_detected"));
    assert.equal(evidence.length, 2);
    const kept = evidence.find((name) => name.endsWith(".pinned.note")) ?? "";
    assert.deepEqual(new Uint8Array(await readFile(join(folder, kept))), pinned);
    assert.equal((await stat(join(folder, kept))).mode & 0o777, 0o600);
    // The verdict stands though the server is well again.
    log.grow(20);
    await assert.rejects(visit(), failsWith("ROLLBACK_DETECTED"));
  });

  it("says FORK_DETECTED for another history of the same or a larger size", async () => {
    await visit();
    log.leaves = [];
    log.grow(10, "two");
    await assert.rejects(visit(), failsWith("FORK_DETECTED"));
  });

  it("says FORK_DETECTED for a larger log that does not contain the pinned one", async () => {
    await visit();
    log.leaves = log.leaves.slice(0, 9);
    log.grow(9, "two");
    await assert.rejects(visit(), failsWith("FORK_DETECTED"));
  });

  it("refuses another origin and a note that another key signed", async () => {
    await visit();
    const address = log.address;
    log.stop();
    const other = await new FakeLog("other.example").grow(12).start();
    log = other;
    await assert.rejects(visit(), failsWith("ORIGIN_MISMATCH"));
    other.stop();
    log = await new FakeLog("log.example", new Uint8Array(32).fill(9)).grow(12).start();
    await assert.rejects(
      visit(),
      (error) => error instanceof ClientError && error.kind === "verification",
    );
    assert.notEqual(log.address, address);
  });

  it("trusts a given origin key instead of the server's word", async () => {
    const other = new FakeLog("log.example", new Uint8Array(32).fill(7));
    await assert.rejects(
      visit({ originKey: other.vkey }),
      (error) => error instanceof ClientError && error.kind === "verification",
    );
    await visit({ originKey: log.vkey });
    assert.equal(log.calls.includes("getVerifierKeys"), false);
  });

  it("lifts a verdict only by a policy that retires the old key and names a new one", async () => {
    await visit();
    const oldKey = log.vkey;
    log.leaves = log.leaves.slice(0, 6);
    await assert.rejects(visit(), failsWith("ROLLBACK_DETECTED"));
    log.stop();
    log = await new FakeLog("log.example/e2").grow(8).start();
    await assert.rejects(visit(), failsWith("ROLLBACK_DETECTED"));
    const named = `log ${log.vkey}\nquorum none\n`;
    await assert.rejects(visit({ policy: named }), failsWith("ROLLBACK_DETECTED"));
    const beyond = `${named}retired ${oldKey} max-size 11\n`;
    await assert.rejects(visit({ policy: beyond }), failsWith("ROLLBACK_DETECTED"));
    await visit({ policy: `${named}retired ${oldKey} max-size 6\n` });
    const state = await readState(statePath);
    assert.equal(state?.origin, "log.example/e2");
    assert.equal(state?.verdict, undefined);
    assert.equal(state?.settled?.length, 1);
    await visit();
  });

  it("follows a log to another origin only by a policy that retires the pinned key", async () => {
    await visit();
    const oldKey = log.vkey;
    log.stop();
    log = await new FakeLog("log.example/e2").grow(14).start();
    const named = `log ${log.vkey}\nquorum none\n`;
    await assert.rejects(visit(), failsWith("ORIGIN_MISMATCH"));
    await assert.rejects(visit({ policy: named }), failsWith("ORIGIN_MISMATCH"));
    await visit({ policy: `${named}retired ${oldKey} max-size 12\n` });
    assert.equal((await readState(statePath))?.origin, "log.example/e2");
    await visit();
  });

  it("refuses a state file that is not one, and plain text beyond loopback", async () => {
    await writeFile(statePath, "{}");
    await assert.rejects(visit(), failsWith("STATE_FILE_INVALID"));
    await assert.rejects(
      connect({ address: "192.0.2.1:7443", token: "secret" }),
      failsWith("PLAINTEXT_REFUSED"),
    );
  });
});

describe("notes between two pins", () => {
  let channel: Channel;
  let trust: Trust;
  /** Signed by the same key; goes another way after the tenth leaf. */
  let fork: FakeLog;

  beforeEach(async () => {
    channel = new Channel({ address: log.address, token: undefined, timeoutMs: 5_000 });
    trust = await openTrust(channel, { policyText: undefined, statePath });
    fork = new FakeLog().grow(10).grow(5, "two");
  });
  afterEach(() => channel.close());

  for (const step of ["settle", "confirmHead"] as const) {
    it(`finds a fork that one answer showed before the main log went on, by ${step}`, async () => {
      await trust.observe(fork.note(), 10n);
      await trust.observe(log.grow(10).note(), 10n);
      await assert.rejects(trust[step](), failsWith("FORK_DETECTED"));
      assert.throws(() => trust.requireSound(), failsWith("FORK_DETECTED"));
      assert.equal(trust.pinnedSize, 10n);
      assert.equal((await readState(statePath))?.verdict?.code, "FORK_DETECTED");
    });
  }

  it("finds the fork in the answer to an append when the client closes", async () => {
    const client = await connect({ address: log.address, statePath });
    const main = log.leaves;
    const value = { case: "integer", value: 1n } as const;
    const append = async (entity: string) => {
      const facts = [{ scope: "a/b", entity, relation: "r", value }];
      for await (const outcome of client.appendMany(facts)) assert.ok("index" in outcome);
    };
    log.leaves = [...fork.leaves];
    await append("forked");
    log.leaves = main;
    log.grow(12);
    await append("main");
    await assert.rejects(client.close(), failsWith("FORK_DETECTED"));
  });

  it("proves a note that arrives after a larger one was pinned", async () => {
    log.grow(10);
    await trust.confirmHead();
    await trust.observe(log.note(15), 10n);
    await trust.settle();
    assert.equal(trust.pinnedSize, 20n);
    await trust.observe(fork.note(13), 10n);
    await assert.rejects(trust.settle(), failsWith("FORK_DETECTED"));
  });

  it("says FORK_DETECTED at once for two notes of one size", async () => {
    log.grow(10);
    await trust.observe(log.note(15), 10n);
    await trust.observe(log.note(20), 10n);
    await assert.rejects(trust.observe(fork.note(15), 10n), failsWith("FORK_DETECTED"));
  });

  it("leaves no note unproven that arrives while a head is confirmed", async () => {
    log.grow(10);
    const confirmed = trust.confirmHead();
    await trust.observe(fork.note(), 10n);
    await Promise.allSettled([confirmed, trust.settle(), trust.confirmHead()]);
    await assert.rejects(trust.settle(), failsWith("FORK_DETECTED"));
  });

  it("waits for proofs when it keeps too many notes, and drops none", async () => {
    log.grow(520);
    for (let size = 11; size <= 266; size++) await trust.observe(log.note(size), 10n);
    assert.equal(trust.pinnedSize, 10n);
    await trust.observe(log.note(267), 10n);
    assert.equal(trust.pinnedSize, 266n);
    await trust.observe(fork.note(), 10n);
    for (let size = 268; size <= 521; size++) await trust.observe(log.note(size), 10n);
    await assert.rejects(trust.observe(log.note(522), 10n), failsWith("FORK_DETECTED"));
  });

  it("keeps the pin where it is while a proof is missing", async () => {
    await trust.observe(log.grow(10).note(15), 10n);
    log.stop();
    await assert.rejects(trust.settle(), failsWith("UNAVAILABLE"));
    assert.equal(trust.pinnedSize, 10n);
    trust.requireSound();
  });
});

describe("a verdict", () => {
  let channel: Channel;

  beforeEach(() => {
    channel = new Channel({ address: log.address, token: undefined, timeoutMs: 5_000 });
  });
  afterEach(() => channel.close());

  it("stands when its evidence cannot be written", async () => {
    const parent = join(folder, "kept");
    const options = { policyText: undefined, statePath: join(parent, "state.json") };
    const trust = await openTrust(channel, options);
    await rm(parent, { recursive: true });
    await writeFile(parent, "a file where the folder was");
    await assert.rejects(
      trust.observe(log.note(6), 10n),
      (error) =>
        failsWith("ROLLBACK_DETECTED")(error) &&
        error instanceof ClientError &&
        error.cause instanceof Error &&
        error.notes.length === 2,
    );
    assert.throws(() => trust.requireSound(), failsWith("ROLLBACK_DETECTED"));
    await assert.rejects(trust.confirmHead(), failsWith("ROLLBACK_DETECTED"));
    await assert.rejects(trust.observe(log.note(), 0n), failsWith("ROLLBACK_DETECTED"));
  });

  it("is recorded when the server admits it and then shows a note of another key", async () => {
    const trust = await openTrust(channel, { policyText: undefined, statePath });
    log.refusal = "ROLLBACK_DETECTED";
    log.headNote = new FakeLog("log.example", new Uint8Array(32).fill(9)).grow(3).note();
    await assert.rejects(trust.confirmHead(), failsWith("ROLLBACK_DETECTED"));
    assert.equal((await readState(statePath))?.verdict?.code, "ROLLBACK_DETECTED");
  });

  it("of another process is thrown by the next pin", async () => {
    const trust = await openTrust(channel, { policyText: undefined, statePath });
    const state = await readState(statePath);
    assert.ok(state);
    const detectedAt = new Date().toISOString();
    const verdict = { code: "FORK_DETECTED", detectedAt, message: "seen", evidence: [] } as const;
    await writeState(statePath, { ...state, verdict });
    log.grow(5);
    await assert.rejects(trust.confirmHead(), failsWith("FORK_DETECTED"));
    assert.throws(() => trust.requireSound(), failsWith("FORK_DETECTED"));
    assert.equal((await readState(statePath))?.verdict?.detectedAt, detectedAt);
  });
});
