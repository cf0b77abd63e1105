// What it signed is never forgotten, never taken back, and never taken from a file that is not whole.
import assert from "node:assert/strict";
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeLog } from "./log.test-kit.ts";
import { hashOrigin } from "./memory.ts";
import { makeFolder, openWitness, spawnWitness, type WitnessProcess } from "./witness.test-kit.ts";

const log = makeLog();
const fork = makeLog({ history: "b" });

async function memoryFile(folder: string): Promise<string> {
  const logFolder = join(folder, "memory", hashOrigin(log.origin));
  const newest = (await readdir(logFolder)).toSorted().at(-1);
  assert.ok(newest);
  return join(logFolder, newest);
}

async function startedWith(context: TestContext, folder: string): Promise<WitnessProcess> {
  const process_ = await spawnWitness(context, folder);
  assert.ok(process_.witness, process_.stderr());
  return process_;
}

test("of many that race from one size, one is signed, in this process and between two", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const witnesses = [await openWitness(t, folder), await openWitness(t, folder)] as const;
  const [first, second] = witnesses;
  let size = 0;
  for (let round = 0; round < 12; round++) {
    const racers = [first, second, first, second];
    const answers = await Promise.all(
      racers.map((witness, i) => witness.post(log.request(size, size + 1 + i))),
    );
    const winner = answers.findIndex(({ status }) => status === 200);
    size += 1 + winner;
    const rest = answers.toSpliced(winner, 1);
    assert.ok(
      rest.every((answer) => answer.status === 409 && answer.text === `${size}\n`),
      JSON.stringify(answers),
    );
  }
  const left = await readdir(join(folder, "memory", hashOrigin(log.origin)));
  assert.ok(left.length <= 2, left.join());
});

test("of two histories that race for the first cosignature, one is ever signed", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const witnesses = [await openWitness(t, folder), await openWitness(t, folder)] as const;
  const answers = await Promise.all(
    [log, fork].flatMap((one) => witnesses.map((witness) => witness.post(one.request(0, 2)))),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, JSON.stringify(answers));
  const again = await Promise.all(
    [log, fork].map(async (one) => (await witnesses[0].post(one.request(2, 2))).status),
  );
  assert.deepEqual(again.toSorted(), [200, 422]);
});

test("killed at any instant, it starts again and never signs less or something else", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  let signed = 0;
  for (let kill = 0; kill < 8; kill++) {
    const { child, witness, ended } = await startedWith(t, folder);
    assert.ok(witness);
    setTimeout(() => child.kill("SIGKILL"), 20 + kill * 17);
    let at = signed;
    try {
      for (;;) {
        const answer = await witness.post(log.request(at, at + 1));
        if (answer.status === 200) at += 1;
        else at = Number(answer.text);
        signed = at;
      }
    } catch {
      assert.equal(await ended, null);
    }
  }
  const { witness } = await startedWith(t, folder);
  assert.ok(witness);
  const size = Number((await witness.post(log.request(signed + 9, signed + 9))).text);
  assert.ok(size >= signed && signed > 0, `${size} remembered, ${signed} signed`);
  assert.equal((await witness.post(fork.request(size, size))).status, 422);
  assert.equal((await witness.post(log.request(size, size))).status, 200);
});

test("a memory file that was cut, edited, replaced or forged is refused, at start and later", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const witness = await openWitness(t, folder);
  await witness.post(log.request(0, 3));
  await witness.post(log.request(3, 7));
  const path = await memoryFile(folder);
  const whole = await readFile(path, "utf8");
  const damages: Record<string, () => Promise<void>> = {
    cut: () => truncate(path, 100),
    empty: () => truncate(path, 0),
    "another size": () => writeFile(path, whole.replace("\n7\n", "\n5\n")),
    "without our line": () => writeFile(path, log.note(7)),
    "a note that we did not sign": () => writeFile(path, fork.note(7)),
    "of another log": () => writeFile(path, whole.replaceAll(log.origin, "log.example/two")),
  };
  for (const [name, damage] of Object.entries(damages)) {
    await damage();
    assert.equal((await witness.post(log.request(7, 9))).status, 503, name);
    const again = await spawnWitness(t, folder);
    assert.equal(again.witness, undefined, name);
    assert.equal(await again.ended, 7);
    assert.match(again.stderr(), /\(WITNESS_STATE_DAMAGED\)/);
  }
  assert.equal((await fetch(`${witness.admin}/readyz`)).status, 503);
  await writeFile(path, whole);
  assert.equal((await witness.post(log.request(7, 9))).status, 200);
  assert.equal((await fetch(`${witness.admin}/readyz`)).status, 200);
});

test("a key without its memory, and a memory without its key, are refused", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const first = await openWitness(t, folder, ["--witness-name", "witness.example/w1"]);
  assert.match(first.vkey, /^witness\.example\/w1\+/);
  await first.post(log.request(0, 3));
  await first.stop();
  const memory = join(folder, "memory");
  const aside = join(folder, "aside");
  await cp(memory, aside, { recursive: true });

  await rm(memory, { recursive: true });
  await assert.rejects(openWitness(t, folder), { code: "WITNESS_STATE_MISSING" });
  await rm(memory, { recursive: true });
  await cp(aside, memory, { recursive: true });

  const key = await readFile(join(folder, "witness.key"));
  await rm(join(folder, "witness.key"));
  await assert.rejects(openWitness(t, folder), { code: "WITNESS_KEY_INVALID" });
  await writeFile(join(folder, "witness.key"), `${"ab".repeat(32)}\n`, { mode: 0o600 });
  await assert.rejects(openWitness(t, folder), { code: "WITNESS_STATE_FOREIGN" });
  await writeFile(join(folder, "witness.key"), key);
  const other = openWitness(t, folder, ["--witness-name", "witness.example/w2"]);
  await assert.rejects(other, { code: "WITNESS_STATE_FOREIGN" });
  const again = await openWitness(t, folder);
  assert.equal(again.vkey, first.vkey);
  assert.equal((await again.post(fork.request(3, 3))).status, 422);
});

test("an empty memory is taken for a key that is there only on the operator's word", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  await writeFile(join(folder, "witness.key"), Buffer.alloc(32, 9), { mode: 0o600 });
  await assert.rejects(openWitness(t, folder), { code: "WITNESS_STATE_MISSING" });
  const witness = await openWitness(t, folder, ["--witness-accept-new-state"]);
  assert.equal((await witness.post(log.request(0, 3))).status, 200);
  await witness.stop();
  assert.equal((await openWitness(t, folder)).vkey, witness.vkey);
});

test("its key is made at the first start, 0600, and refused when others may read it", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  await (await openWitness(t, folder)).stop();
  const path = join(folder, "witness.key");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.match(await readFile(path, "utf8"), /^[0-9a-f]{64}\n$/);
  await chmod(path, 0o640);
  await assert.rejects(openWitness(t, folder), { code: "WITNESS_KEY_INVALID" });
  await chmod(path, 0o600);
  await writeFile(path, "not a key");
  await assert.rejects(openWitness(t, folder), { code: "WITNESS_KEY_INVALID" });
});

test("signs nothing that it cannot write down, and goes on when it can again", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const witness = await openWitness(t, folder);
  const logFolder = join(folder, "memory", hashOrigin(log.origin));
  // A link that leads nowhere where the folder of the log belongs: also root cannot write there.
  await symlink(join(folder, "nowhere"), logFolder);
  assert.equal((await witness.post(log.request(0, 3))).status, 503);
  const metrics = await (await fetch(`${witness.admin}/metrics`)).text();
  assert.match(metrics, /witness_errors_total\{code="WITNESS_STATE_UNWRITABLE"\} 1/);
  await rm(logFolder);
  assert.equal((await witness.post(log.request(0, 3))).status, 200);
  const path = await memoryFile(folder);
  // The name of the next generation is taken by something that is no note of ours.
  await mkdir(path.replace("000001.note", "000002.note"));
  assert.equal((await witness.post(log.request(3, 5))).status, 503);
  await rm(path.replace("000001.note", "000002.note"), { recursive: true });
  assert.equal((await witness.post(log.request(3, 5))).status, 200);
});

test("keeps both notes when a log signs two roots of one size", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const witness = await openWitness(t, folder);
  await witness.post(log.request(0, 6));
  for (let i = 0; i < 3; i++) {
    assert.equal((await witness.post(fork.request(6, 6))).status, 422);
  }
  const kept = join(folder, "evidence", hashOrigin(log.origin));
  await witness.stop();
  const [one, ...more] = await readdir(kept);
  assert.ok(one);
  assert.deepEqual(more, [], "the same fork is kept once");
  const offered = await readFile(join(kept, one, "offered.note"));
  assert.deepEqual(new Uint8Array(offered), fork.note(6));
  const remembered = await readFile(join(kept, one, "remembered.note"), "utf8");
  assert.ok(remembered.startsWith(new TextDecoder().decode(log.note(6))));
});
