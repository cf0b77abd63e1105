import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runCli } from "../testing/run-cli.ts";
import { type RunningDev, runDev } from "../testing/run-dev.ts";

let folder: string;
let data: string;
let dev: RunningDev;

async function cli(...args: string[]) {
  const ran = await runCli(args, { STRONGROOM_DATA: data });
  const documents = () =>
    ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { ...ran, documents, document: () => documents()[0] };
}

function at(name: string): string {
  return join(folder, name);
}

async function append(text: string): Promise<string> {
  const ran = await cli(
    ...["fact", "append", "--scope", "team/ops", "--entity", "service/billing"],
    ...["--relation", "owner", "--text", text, "--source", "runbook", "--json"],
  );
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.document().index, /^[0-9]+$/);
  assert.ok(ran.document().receipt.anchors.length > 0);
  return ran.document().cid;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "strongroom-dev-"));
  data = at("data");
  dev = await runDev(data);
});
after(async () => {
  await dev.stop();
  await rm(folder, { recursive: true });
});

describe("dev", () => {
  it("makes a key, a token and a run file that only the owner reads", async () => {
    for (const name of ["dev.key", "dev.token", "run.json", "client-state.json"]) {
      assert.equal((await stat(join(data, name))).mode & 0o777, 0o600, name);
    }
    assert.match(await readFile(join(data, "dev.key"), "utf8"), /^[0-9a-f]{64}\n$/);
    assert.match(String(dev.ready.cid), /^sha256:/);
    const second = await cli("dev", "--json");
    assert.equal(second.code, 3);
    assert.equal(second.document().error.code, "ALREADY_RUNNING");
  });

  it("shows a receipt that a witness stands behind, and keeps its keys over a restart", async () => {
    assert.ok(Array.isArray(dev.ready.witnessed), JSON.stringify(dev.ready));
    assert.ok(dev.ready.witnessed.includes("witnesses"));
    const policy = await readFile(join(data, "dev.policy"), "utf8");
    const key = await readFile(join(data, "attestor.key"), "utf8");
    assert.equal((await stat(join(data, "attestor.key"))).mode & 0o777, 0o600);
    assert.equal((await stat(join(data, "attestor.token"))).mode & 0o777, 0o600);
    assert.equal(await dev.stop(), 0);
    const files = await readdir(join(data, "checkpoints"));
    assert.ok(files.length > 0);
    dev = await runDev(data);
    assert.ok(Array.isArray(dev.ready.witnessed), JSON.stringify(dev.ready));
    assert.equal(await readFile(join(data, "dev.policy"), "utf8"), policy);
    assert.equal(await readFile(join(data, "attestor.key"), "utf8"), key);
    assert.ok((await readdir(join(data, "checkpoints"))).length > files.length);
  });

  it("gives the attestor a token that can do nothing else", async () => {
    const token = ["--token-file", join(data, "attestor.token")];
    for (const verb of [
      ["principal", "list"],
      ["fact", "query", "--scope", "strongroom/start"],
    ]) {
      const refused = await cli(...verb, ...token, "--json");
      assert.equal(refused.code, 3, refused.stdout);
      assert.equal(refused.document().error.code, "PERMISSION_DENIED");
    }
  });

  it("serves the tour without flags", async () => {
    const cid = await append("alice");
    const got = (await cli("fact", "get", cid, "--json")).document();
    assert.equal(got.fact.text, "alice");
    assert.equal(got.verified, "inclusion");
    const newer = await append("bob");
    const query = ["fact", "query", "--scope", "team/ops", "--entity", "service/billing", "--json"];
    assert.deepEqual(
      (await cli(...query)).documents().map((fact) => fact.cid),
      [newer],
    );
    const history = (await cli(...query, "--history")).documents();
    assert.deepEqual(
      history.map((fact) => fact.cid),
      [newer, cid],
    );
    const found = await cli("fact", "query", "--text", "alice", "--history", "--json");
    assert.equal(found.document().cid, cid);
    await writeFile(at("log.vkey"), (await cli("log", "verifier-key")).stdout);
    await writeFile(at("checkpoint.note"), (await cli("log", "checkpoint")).stdout);
    for (const name of ["r.json", "r.receipt", "r.tlog-proof"]) {
      assert.equal((await cli("receipt", "get", cid, "--out", at(name))).code, 0);
      const verified = await cli(
        "receipt",
        "verify",
        at(name),
        "--log-key",
        at("log.vkey"),
        "--json",
      );
      assert.equal(verified.code, 0, verified.stdout);
      assert.equal(verified.document().verdict, "verified");
    }
  });

  it("verifies the whole store, its folder's export, and an older checkpoint", async () => {
    assert.equal((await cli("log", "verify", "--json")).document().verdict, "verified");
    assert.equal((await cli("log", "tiles", "--out", at("tiles"))).code, 0);
    const tiles = await cli("log", "verify", "--tiles", at("tiles"), "--log-key", at("log.vkey"));
    assert.equal(tiles.code, 0, tiles.stderr);
    await append("carol");
    const proof = await cli("log", "consistency", "--from", at("checkpoint.note"), "--json");
    assert.equal(proof.document().verdict, "verified");
    assert.equal((await cli("log", "tiles", "--out", at("tiles"))).code, 0);
  });

  it("retracts, watches, and answers 4 for what is not there", async () => {
    const cid = await append("dave");
    const retracted = await cli("fact", "retract", cid, "--reason", "left", "--json");
    assert.equal(retracted.document().existing, false);
    assert.equal((await cli("fact", "retract", cid, "--json")).document().existing, true);
    const watch = [
      "fact",
      "watch",
      "--scope",
      "team/*",
      "--from-index",
      "0",
      "--until-head",
      "--json",
    ];
    const events = (await cli(...watch)).documents();
    assert.deepEqual(new Set(events.map((event) => event.type)), new Set(["fact", "retraction"]));
    const missing = await cli("fact", "get", `sha256:${"0".repeat(64)}`, "--json");
    assert.equal(missing.code, 4);
    assert.equal(missing.document().error.code, "NOT_FOUND");
  });

  it("imports JSON lines once, goes on where it stopped, and exports them again", async () => {
    const line = (i: number) =>
      `${JSON.stringify({ scope: "import/a", entity: `e${i}`, relation: "r", integer: String(i) })}\n`;
    const file = at("facts.jsonl");
    await writeFile(file, [...Array(2500).keys()].map(line).join(""));
    const first = (await cli("fact", "import", file, "--json")).document();
    assert.equal(first.appended, "2500");
    await appendFile(file, `{"scope":"NOT OK"}\n\nnot json\n${line(2500)}`);
    const second = await cli("fact", "import", file, "--json");
    assert.equal(second.code, 3);
    assert.equal(second.document().appended, "2501");
    assert.deepEqual(
      second.document().errors.map((error: { line: number }) => error.line),
      [2501, 2503],
    );
    const again = await cli("fact", "import", file, "--json");
    assert.equal(again.code, 0);
    // Lines that were appended but not yet recorded land once: the nonce of a line is its own.
    const progress = JSON.parse(await readFile(`${file}.progress`, "utf8"));
    const behind = { ...progress, offset: 0, line: 0, head: emptyHash, appended: 0 };
    await writeFile(`${file}.progress`, JSON.stringify(behind));
    const repeated = (await cli("fact", "import", file, "--json")).document();
    assert.equal(repeated.existing, "2501");
    assert.equal(repeated.appended, "0");
    const out = at("export.jsonl");
    const args = ["fact", "export", "--plaintext", "--scope", "import/*", "--out", out, "--json"];
    assert.equal((await cli(...args)).document().facts, "2501");
    assert.equal((await cli("fact", "import", out, "--json")).document().existing, "2501");
  });

  it("gives principals tokens that do no more than their roles", async () => {
    const token = at("reader.token");
    const add = ["principal", "add", "reader", "--role", "reader", "--scope", "team/*"];
    assert.equal((await cli(...add, "--token-out", token)).code, 0);
    const read = await cli("fact", "query", "--scope", "team/ops", "--token-file", token, "--json");
    assert.equal(read.code, 0, read.stderr);
    const refused = await cli("principal", "list", "--token-file", token, "--json");
    assert.equal(refused.code, 3);
    assert.equal(refused.document().error.code, "PERMISSION_DENIED");
    assert.equal((await cli("principal", "remove", "reader")).code, 0);
    const gone = await cli("fact", "query", "--scope", "team/ops", "--token-file", token, "--json");
    assert.equal(gone.code, 3);
    const audit = (await cli("audit", "list", "--json")).documents();
    assert.ok(audit.some(({ body }) => body.event === "principal-removed"));
  });

  it("ends tidily, finds everything on the next start, and survives a killed service", async () => {
    const cid = await append("erin");
    assert.equal(await dev.stop(), 0);
    assert.ok(!(await readdir(data)).includes("run.json"));
    dev = await runDev(data);
    assert.equal((await cli("fact", "get", cid, "--json")).code, 0);
    process.kill(Number(dev.ready.pid), "SIGKILL");
    assert.equal(await dev.exited, 1);
    dev = await runDev(data);
    assert.equal((await cli("fact", "get", cid, "--json")).code, 0);
    assert.equal((await cli("log", "verify", "--json")).document().verdict, "verified");
  });

  it("says ROLLBACK_DETECTED when an older copy of the store is put back", async () => {
    await dev.stop();
    await cp(join(data, "store"), at("older"), { recursive: true });
    dev = await runDev(data);
    await dev.stop();
    // In place, so that the files look like the ones that were there.
    for (const name of await readdir(at("older"))) {
      await writeFile(join(data, "store", name), await readFile(join(at("older"), name)));
    }
    const ran = await cli(
      "dev",
      "--json",
      "--listen",
      "127.0.0.1:0",
      "--admin-listen",
      "127.0.0.1:0",
    );
    assert.equal(ran.code, 5, ran.stdout);
    assert.equal(ran.document().error.code, "ROLLBACK_DETECTED");
    assert.equal(ran.document().evidence.length, 2);
    const doctor = await cli("doctor", "--json");
    assert.equal(doctor.code, 3);
  });
});

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
