import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { p256 } from "@noble/curves/nist.js";
import { type Client, connect } from "@strongroom/client";
import { toBase64, utf8 } from "@strongroom/protocol";
import { makeRekorRequest, signNoteForRekor } from "@strongroom/protocol/attestation";
import { type Rekor, startRekor } from "../support/rekor/start-rekor.ts";
import { runCli, startCli } from "../support/run-cli.ts";
import { type Service, startService } from "../support/service.ts";

let folder: string;
let service: Service;
let client: Client;
let rekor: Rekor;
let privateKey: KeyObject;
let spki: Uint8Array;

async function newCheckpoint(entity: string): Promise<Uint8Array> {
  await client.append({
    scope: "team/a",
    entity,
    relation: "is",
    value: { case: "boolean", value: true },
  });
  const { size } = await client.head();
  for (;;) {
    const stored = await client.checkpoint().catch(() => undefined);
    if (stored !== undefined && stored.treeSize >= size) return stored.note;
    await sleep(20);
  }
}

async function record(note: Uint8Array, signature = signNoteForRekor(note, privateKey)) {
  const { version, url } = rekor;
  const { body } = makeRekorRequest({ version, note, signature, publicKeySpki: spki });
  const response = await fetch(`${url}/api/v${version}/log/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: Buffer.from(body),
  });
  assert.equal(response.status, 201);
}

function otherHalf(note: Uint8Array): Uint8Array {
  const { r, s } = p256.Signature.fromBytes(signNoteForRekor(note, privateKey), "der");
  return new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes("der");
}

async function policyFile(more = ""): Promise<string> {
  await writeFile(join(folder, "rekor.json"), rekor.trustedRoot);
  const [vkey] = client.logKeys;
  const lines = `log ${vkey}\nquorum none\nattestation-key ${toBase64(spki)}\n`;
  const path = join(folder, "policy.txt");
  await writeFile(path, `${lines}trusted-root rekor.json\n${more}`);
  return path;
}

async function monitorArgs(more: readonly string[] = [], policyLines = ""): Promise<string[]> {
  const log = rekor.version === 1 ? "--log-v1" : "--log";
  const policy = await policyFile(policyLines);
  return [
    ...["log", "monitor", log, rekor.readUrl, "--policy", policy, "--server", service.address],
    ...["--data", folder, "--state", join(folder, "state.json"), ...more],
  ];
}

async function monitor(more: readonly string[] = [], policyLines = "") {
  const args = await monitorArgs(more, policyLines);
  const ran = await runCli(args, { STRONGROOM_TOKEN: service.token });
  const document = JSON.parse(ran.stdout);
  return { ...ran, document, report: document.logs?.[0] };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

for (const version of [2, 1] as const) {
  describe(`log monitor over Rekor ${version}`, () => {
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "strongroom-monitor-"));
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      privateKey = pair.privateKey;
      spki = new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" }));
      rekor = await startRekor({ version });
      const settings = { "checkpoint.entries": "1" };
      service = await startService(join(folder, "service"), { settings });
      client = await connect({ address: service.address, token: service.token });
    });
    afterEach(async () => {
      await client.close();
      await service.stop();
      await rekor.close();
      await rm(folder, { recursive: true });
    });

    it("finds our entries, knows them again, and minds no second signature of ours", async () => {
      const note = await newCheckpoint("one");
      await record(note);
      for (let i = 0; i < 300; i++) rekor.log.tree.append(Buffer.from(`{"spec":{"other":${i}}}`));
      rekor.log.publish();
      const first = await monitor();
      assert.equal(first.exitCode, 0, first.stderr);
      assert.deepEqual([first.report.entriesFound, first.report.foreign], [1, []]);
      assert.ok(Number(first.report.attestedSize) > 1);
      await record(note, otherHalf(note));
      await record(await newCheckpoint("two"));
      const second = await monitor();
      assert.equal(second.exitCode, 0, second.stderr);
      assert.equal(second.report.entriesFound, 2);
      assert.ok(Number(second.report.attestedSize) > Number(first.report.attestedSize));
      const third = await monitor();
      assert.deepEqual([third.exitCode, third.report.entriesFound], [0, 0]);
    });

    it("alarms for an entry of our key over no note of ours, until it is settled", async () => {
      await record(await newCheckpoint("one"));
      await record(utf8("what a thief signs\n"));
      for (let round = 0; round < 2; round++) {
        const { exitCode, errorCode, report } = await monitor();
        assert.deepEqual([exitCode, errorCode], [5, "ATTESTATION_FOREIGN"]);
        assert.equal(report.foreign[0].logIndex, "1");
        assert.match(report.foreign[0].digest, /^[0-9a-f]{64}$/);
      }
      const settled = await monitor(["--settle", "1"]);
      assert.equal(settled.exitCode, 0, settled.stderr);
    });

    it("alarms for good when the log contradicts what it showed", async () => {
      await record(await newCheckpoint("one"));
      await record(await newCheckpoint("two"));
      assert.equal((await monitor()).exitCode, 0);
      const { tree } = rekor.log;
      tree.append(Buffer.from("{}"));
      const honest = tree.root.bind(tree);
      tree.root = (size) => (size < 3 ? honest(size) : new Uint8Array(32));
      rekor.log.publish();
      for (let round = 0; round < 2; round++) {
        const { exitCode, errorCode } = await monitor();
        assert.deepEqual([exitCode, errorCode], [5, "CONSISTENCY_MISMATCH"]);
      }
      const state = JSON.parse(await readFile(join(folder, "monitor.json"), "utf8"));
      assert.equal(state.logs[rekor.readUrl].verdict.notes.length, 2);
    });

    it("runs as a service with metrics until it is told to stop", async () => {
      await record(await newCheckpoint("one"));
      await record(utf8("what a thief signs\n"));
      const port = await freePort();
      const args = await monitorArgs(["--every", "1", "--admin-listen", `127.0.0.1:${port}`]);
      const running = startCli(args, { STRONGROOM_TOKEN: service.token });
      let metrics = "";
      while (!metrics.includes('strongroom_monitor_foreign_entries{log="')) {
        await sleep(50);
        const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
        metrics = (await response?.text()) ?? "";
      }
      assert.match(metrics, /strongroom_monitor_foreign_entries\{log="[^"]+"\} 1\n/);
      assert.match(metrics, /strongroom_monitor_failed_rounds 0\n/);
      process.kill(running.pid, "SIGTERM");
      const { exitCode, stdout, stderr } = await running.ended;
      assert.equal(exitCode, 0, stderr);
      const [ready, alarms] = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.equal(ready.ready, true);
      assert.equal(alarms.alarms[0].code, "ATTESTATION_FOREIGN");
    });

    it("says when a checkpoint waits too long, and when the log does not answer", async () => {
      await newCheckpoint("one");
      await sleep(1_100);
      const late = await monitor([], "max-age 1\n");
      assert.deepEqual([late.exitCode, late.errorCode], [3, "ATTESTATION_OVERDUE"]);
      await rekor.down();
      const away = await monitor();
      assert.deepEqual([away.exitCode, away.errorCode], [6, "TREE_UNAVAILABLE"]);
    });
  });
}
