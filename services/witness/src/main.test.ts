// The process as it is deployed: started by its launcher, ended by signals.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeLog } from "./log.test-kit.ts";
import { makeFolder, spawnWitness } from "./witness.test-kit.ts";

const log = makeLog();

test("says that it is ready, keeps its key to itself, ends in order on a signal", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const { child, witness, ended, stderr } = await spawnWitness(t, folder, [
      "--log-level",
      "info",
    ]);
    assert.ok(witness, stderr());
    assert.ok([200, 409].includes((await witness.post(log.request(0, 4))).status));
    child.kill(signal);
    assert.equal(await ended, 0);
    const key = (await readFile(join(folder, "witness.key"), "utf8")).trim();
    assert.ok(!stderr().includes(key));
    assert.ok(stderr().includes('"msg":"ready"'));
  }
});

test("says why it does not start, with the exit code of that, and leaves nothing behind", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const cases: [string[], number, RegExp][] = [
    [["--nonsense"], 2, /\(CONFIG_INVALID\)/],
    [["--witness-listen", "here"], 2, /\(CONFIG_INVALID\)/],
    [["--witness-logs", join(folder, "no-such-file")], 2, /ENOENT \(WITNESS_LOGS_INVALID\)/],
    [["--witness-name", "two words"], 7, /\(WITNESS_KEY_INVALID\)/],
  ];
  for (const [argv, code, message] of cases) {
    const refused = await spawnWitness(t, folder, argv);
    assert.equal(await refused.ended, code, refused.stderr());
    assert.match(refused.stderr(), message);
  }
  assert.deepEqual(await readdir(join(folder, "memory")), []);
});

test("shows its key also before it knows any log", async (t) => {
  const folder = await makeFolder(t, []);
  const { witness } = await spawnWitness(t, folder);
  assert.match(witness?.vkey ?? "", /^strongroom\.invalid\/witness\/[0-9a-f]{16}\+/);
  assert.equal((await witness?.post(log.request(0, 4)))?.status, 404);
});
