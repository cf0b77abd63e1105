// The README's commands and example, run as they stand there, against what `npm start` runs.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { withTable } from "../bench/readme-table.ts";
import { root } from "../support/root.ts";

const run = promisify(execFile);
const readme = await readFile(join(root, "README.md"), "utf8");
const LINES_MAX = 150;

let data: string;
let service: ChildProcess;
let environment: NodeJS.ProcessEnv;

before(async () => {
  data = await mkdtemp(join(tmpdir(), "strongroom-tour-"));
  // Not the reporter and options of this test run, and no notices of the package manager.
  const { PATH, HOME, TMPDIR } = process.env;
  environment = { PATH, HOME, TMPDIR, STRONGROOM_DATA: data, npm_config_loglevel: "error" };
  service = await start();
});

after(async () => {
  service.kill("SIGTERM");
  await once(service, "exit");
  await rm(data, { recursive: true, force: true });
});

test("every command of the tour works as the README says", async () => {
  const script = codeBlock("sh").replaceAll("data/", `${data}/`);
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], {
    cwd: root,
    env: environment,
    maxBuffer: 16 * 1024 * 1024,
  });
  assert.match(stdout, /verdict +verified/, "the receipt verifies offline");
  assert.match(stdout, /"text":"alice"/, "the query finds the fact");
  assert.match(stdout, /500 appended/, "the real data is imported");
  assert.match(stdout, /owner +alice +retracted/, "the history shows the retraction");
  assert.match(stdout, /verified: \d+ entries, \d+ tiles, \d+ checkpoints/);
  assert.match(stdout, /verified: \d+ entries in \d+ tiles of strongroom\.invalid\//);
});

test("a receipt with one changed byte does not verify, and the exit code is 5", async () => {
  const receipt = JSON.parse(await readFile(join(data, "receipt.json"), "utf8"));
  const body = Buffer.from(receipt.body, "base64");
  body[body.indexOf("alice")] = "A".charCodeAt(0);
  const forged = join(data, "forged.json");
  await writeFile(forged, JSON.stringify({ ...receipt, body: body.toString("base64") }));
  const cli = join(root, "packages/cli/bin/strongroom.mjs");
  const args = [cli, "receipt", "verify", forged, "--log-key", join(data, "log.vkey")];
  const failure = run(process.execPath, args, { cwd: root, env: environment });
  await assert.rejects(failure, { code: 5, stderr: /SUBJECT_MISMATCH/ });
});

test("the library example runs", async () => {
  const example = codeBlock("ts")
    .replace('"./facts"', JSON.stringify(join(data, "library")))
    .replace('"file:///etc/strongroom/key"', "new Uint8Array(32).fill(7)");
  const file = join(data, "example.mts");
  await writeFile(file, example);
  await symlink(join(root, "node_modules"), join(data, "node_modules"));
  const options = ["--conditions=source", "--import", "tsx"];
  const { stdout } = await run(process.execPath, [...options, file], {
    cwd: root,
    env: environment,
  });
  assert.match(stdout, /^\d+$/m);
});

test("the README is short and its links lead somewhere", async () => {
  assert.ok(readme.split("\n").length <= LINES_MAX, `more than ${LINES_MAX} lines`);
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? "");
  for (const link of links) await readFile(join(root, link));
});

test("the bench table is that of the largest saved run", () => {
  assert.equal(withTable(readme), readme, "npm run bench-table writes it");
});

/** The README's one block in this language. */
function codeBlock(language: string): string {
  const blocks = [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))];
  assert.equal(blocks.length, 1, `expected one block of ${language}`);
  return blocks[0]?.[1] ?? "";
}

/** What `npm start` runs, without the set-up that `npm test` has done, and on free ports. */
async function start(): Promise<ChildProcess> {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const [program = "", ...args] = String(scripts.start).split(" ");
  assert.equal(program, "node");
  const listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--json"];
  const child = spawn(process.execPath, [...args, ...listen], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  assert.equal(JSON.parse(line).ready, true);
  return child;
}
