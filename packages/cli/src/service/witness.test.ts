import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { ed25519, ed25519Verifier, formatVkey, parseVkey } from "@strongroom/protocol";
import { cliCommand, runCli } from "../testing/run-cli.ts";

const anyPort = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

async function makeData(context: TestContext, logs: string): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), "strongroom-witness-"));
  context.after(() => rm(data, { recursive: true, force: true }));
  await mkdir(join(data, "witness"));
  await writeFile(join(data, "witness", "logs"), logs);
  return data;
}

test("witness: prints its key, serves, and ends in order on Ctrl-C", async (t) => {
  const origin = "log.example/one";
  const logKey = formatVkey(ed25519Verifier(origin, ed25519.publicKey(new Uint8Array(32).fill(1))));
  const data = await makeData(t, `log ${logKey}\n`);
  const keys: string[] = [];
  for (const format of [["--json"], []]) {
    const args = [...cliCommand, "witness", "--data", data, ...anyPort, ...format];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    t.after(() => child.kill("SIGKILL"));
    const ended = once(child, "exit");
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    if (format.length > 0) {
      const { addresses, origins, vkey, isNew } = JSON.parse(line);
      assert.deepEqual({ origins, isNew }, { origins: [origin], isNew: true });
      const answer = await fetch(`http://${addresses.witness}/add-checkpoint`, { method: "POST" });
      assert.equal(answer.status, 400);
      keys.push(vkey);
    } else {
      keys.push(line);
    }
    child.kill("SIGINT");
    assert.deepEqual(await ended, [0, null]);
  }
  assert.equal(keys[0], keys[1], "the key stays");
  assert.equal(parseVkey(keys[0] ?? "").type, 4);
});

test("witness: says why it does not start, with the exit code of that", async (t) => {
  const data = await makeData(t, "nothing of use\n");
  const wrong = await runCli(["witness", "--data", data, ...anyPort]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /line 1: want: log .*\(WITNESS_LOGS_INVALID\)/);
  await writeFile(join(data, "witness", "logs"), "");
  await writeFile(join(data, "witness", "witness.key"), Buffer.alloc(32, 1), { mode: 0o600 });
  const lost = await runCli(["witness", "--data", data, ...anyPort, "--json"]);
  assert.equal(lost.code, 7);
  assert.equal(JSON.parse(lost.stdout).error.code, "WITNESS_STATE_MISSING");
});
