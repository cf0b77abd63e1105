import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { connect } from "./connect.ts";
import { ClientError } from "./errors.ts";
import { readState } from "./state-file.ts";
import { FakeLog } from "./testing/fake-log.ts";

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
    const { writeFile } = await import("node:fs/promises");
    await writeFile(statePath, "{}");
    await assert.rejects(visit(), failsWith("STATE_FILE_INVALID"));
    await assert.rejects(
      connect({ address: "192.0.2.1:7443", token: "secret" }),
      failsWith("PLAINTEXT_REFUSED"),
    );
  });
});
