import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { clientCodes } from "@strongroom/client";
import { malformedCodes, verificationCodes } from "@strongroom/protocol";
import { completionScript } from "./completion.ts";
import { cliCodes, failureOf, ProofError } from "./errors.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { printable, table } from "./output.ts";
import { readSettings } from "./settings.ts";
import { runCli } from "./testing/run-cli.ts";
import { globalOptions, nouns, verbs } from "./verbs/table.ts";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-cli-"));
  after(() => rm(folder, { recursive: true }));
  return folder;
}

describe("exit codes", () => {
  it("cover every code there is", () => {
    for (const code of [...cliCodes, ...clientCodes, ...malformedCodes, ...verificationCodes]) {
      assert.ok(Object.hasOwn(exitCodes, code), code);
    }
  });

  it("are 5 for every failed verification, and go by kind for unknown codes", () => {
    assert.equal(exitCodeOf("MALFORMED_RECEIPT", "verification"), 5);
    assert.equal(exitCodeOf("MALFORMED_FACT", "refused"), 2);
    assert.equal(exitCodeOf("SOMETHING_NEW", "unavailable"), 6);
    assert.equal(exitCodeOf("SOMETHING_NEW", "not-found"), 4);
    assert.equal(failureOf(new ProofError("WRONG_KEY", "no")).exitCode, 5);
    assert.equal(failureOf(new TypeError("x is not a function")).exitCode, 1);
  });
});

describe("command line", () => {
  it("says what is wrong on stderr, and as a document with --json", async () => {
    const ran = await runCli(["fact", "append", "--scope", "a", "--json"]);
    assert.equal(ran.code, 2);
    assert.equal(JSON.parse(ran.stdout).error.code, "USAGE");
    assert.match(ran.stderr, /^strongroom: .*--entity.* \(USAGE\)\n$/);
  });

  it("exits with 6 where no server listens", async () => {
    const folder = await temporaryFolder();
    const ran = await runCli(["status", "--json", "--server", "127.0.0.1:1", "--timeout", "1"], {
      STRONGROOM_DATA: folder,
      XDG_STATE_HOME: folder,
    });
    assert.equal(ran.code, 6);
    assert.match(JSON.parse(ran.stdout).error.code, /UNAVAILABLE|DEADLINE/);
  });

  it("refuses an export in clear unless that is said, with exit code 3", async () => {
    const ran = await runCli(["fact", "export", "--json"]);
    assert.equal(ran.code, 3);
    assert.equal(JSON.parse(ran.stdout).error.code, "PLAINTEXT_REQUIRED");
  });

  it("loads every verb that its table names", async () => {
    for (const verb of verbs) assert.equal(typeof (await verb.load()), "function", verb.name);
  });

  it("writes completion for three shells that names every verb", () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const script = completionScript(shell, { verbs, nouns, globalOptions });
      for (const { name } of verbs) assert.ok(script.includes(name.split(" ").at(-1) ?? ""), name);
    }
    assert.throws(() => completionScript("tcsh", { verbs, nouns, globalOptions }), {
      code: "USAGE",
    });
  });
});

describe("settings", () => {
  const run = {
    pid: 1,
    startedAt: "",
    addresses: { grpc: "127.0.0.1:5555", admin: "127.0.0.1:5556" },
    token: "development-token",
  };

  it("come from flag, environment, file and running instance, in this order", async () => {
    const data = await temporaryFolder();
    await writeFile(join(data, "run.json"), JSON.stringify(run));
    const config = join(data, "config.json");
    await writeFile(config, JSON.stringify({ cli: { timeout: "7" }, storage: {} }));
    const instance = await readSettings({ data, config }, {});
    assert.equal(instance.server, "127.0.0.1:5555");
    assert.equal(instance.token, "development-token");
    assert.equal(instance.timeoutMs, 7000);
    const environment = await readSettings({ data, config }, { STRONGROOM_TIMEOUT: "8" });
    assert.equal(environment.timeoutMs, 8000);
    const flag = await readSettings({ data, config, timeout: "9" }, { STRONGROOM_TIMEOUT: "8" });
    assert.equal(flag.timeoutMs, 9000);
    assert.ok(flag.shown.every(({ value }) => !value.includes("development-token")));
  });

  it("never send the instance's token to another server", async () => {
    const data = await temporaryFolder();
    await writeFile(join(data, "run.json"), JSON.stringify(run));
    const other = await readSettings({ data, server: "127.0.0.1:9" }, {});
    assert.equal(other.token, undefined);
    const tokenFile = join(data, "token");
    await writeFile(tokenFile, "given\n");
    assert.equal((await readSettings({ data, tokenFile }, {})).token, "given");
    assert.equal((await readSettings({ data }, { STRONGROOM_TOKEN: "env" })).token, "env");
  });
});

describe("output", () => {
  it("keeps columns and takes control characters out of stored content", () => {
    assert.deepEqual(
      table(
        ["A", "B"],
        [
          ["1", "x"],
          ["22", "y"],
        ],
      ),
      ["A   B", "1   x", "22  y"],
    );
    assert.equal(printable("a\u001b[2Jb\u202e"), "a\ufffd[2Jb\ufffd");
  });
});
