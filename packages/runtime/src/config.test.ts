import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "./config.ts";
import { RuntimeError } from "./errors.ts";
import {
  addressSetting,
  booleanSetting,
  choiceSetting,
  integerSetting,
  optionalTextSetting,
  textSetting,
} from "./settings.ts";

const settings = {
  store: textSetting("Folder of the store.", { fallback: "data/store" }),
  "checkpoint.entries": integerSetting("Entries.", { min: 1, max: 1_000_000, fallback: 1000 }),
  "text-search": booleanSetting("Keep a text index.", { fallback: false }),
  "server.listen": addressSetting("Where.", { fallback: "127.0.0.1:7443" }),
  "log.level": choiceSetting("How much.", ["info", "debug"], { fallback: "info" }),
  password: optionalTextSetting("A password.", { secret: true }),
};

function temporaryFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "runtime-"));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, content);
  return path;
}

function refusal(argv: string[], env: Record<string, string> = {}): RuntimeError {
  try {
    loadConfig(settings, { argv, env });
  } catch (error) {
    assert.ok(error instanceof RuntimeError);
    return error;
  }
  throw new Error("expected a refusal");
}

test("flags beat environment, environment beats the file, the file beats the default", () => {
  const path = temporaryFile(
    JSON.stringify({ store: "file", "text-search": true, checkpoint: { entries: 7 } }),
  );
  const config = loadConfig(settings, {
    argv: ["--config", path, "--store", "flag"],
    env: { STRONGROOM_STORE: "environment", STRONGROOM_CHECKPOINT_ENTRIES: "9" },
  });
  assert.equal(config.values.store, "flag");
  assert.equal(config.values["checkpoint.entries"], 9);
  assert.equal(config.values["text-search"], true);
  assert.equal(config.values["server.listen"], "127.0.0.1:7443");
  assert.deepEqual(config.origins, {
    store: "flag",
    "checkpoint.entries": "environment",
    "text-search": "file",
    "server.listen": "default",
    "log.level": "default",
    password: "default",
  });
});

test("a bare boolean flag means true", () => {
  assert.equal(loadConfig(settings, { argv: ["--text-search"] }).values["text-search"], true);
  const off = loadConfig(settings, { argv: ["--text-search=false"] });
  assert.equal(off.values["text-search"], false);
});

test("a secret comes from the environment or a file it names, is described without its value", () => {
  const path = temporaryFile("hush\n");
  const config = loadConfig(settings, { env: { STRONGROOM_PASSWORD_FILE: path } });
  assert.equal(config.values.password, "hush");
  const described = config.describeSettings().find(({ name }) => name === "password");
  assert.deepEqual(described, { name: "password", value: "(secret)", origin: "environment" });
});

test("a secret is refused as a flag", () => {
  assert.equal(refusal(["--password", "hush"]).code, "CONFIG_INVALID");
});

test("every bad value is named with its origin, and none is repeated", () => {
  const error = refusal(["--checkpoint-entries", "0", "--server-listen", "nowhere"], {
    STRONGROOM_LOG_LEVEL: "s3cret-looking",
  });
  assert.equal(error.code, "CONFIG_INVALID");
  assert.match(error.message, /checkpoint\.entries from flag/);
  assert.match(error.message, /server\.listen from flag/);
  assert.match(error.message, /log\.level from environment/);
  assert.doesNotMatch(error.message, /s3cret|nowhere/);
});

test("unknown flags, unknown file settings and unreadable files are refused", () => {
  assert.equal(refusal(["--nonsense", "1"]).code, "CONFIG_INVALID");
  assert.equal(refusal(["--config", temporaryFile('{"nonsense":1}')]).code, "CONFIG_INVALID");
  const error = refusal(["--config", temporaryFile('{"store": hush')]);
  assert.equal(error.code, "CONFIG_FILE_UNREADABLE");
  assert.doesNotMatch(error.message, /hush/);
  assert.equal(refusal(["--config", "/nowhere/at/all"]).code, "CONFIG_FILE_UNREADABLE");
});

test("a config file may hold a section for each process", () => {
  const path = temporaryFile('{"storage": {"store": "mine"}, "server": "of another"}');
  const config = loadConfig(settings, { argv: ["--config", path], section: "storage" });
  assert.equal(config.values.store, "mine");
  const other = loadConfig(settings, { argv: ["--config", path], section: "witness" });
  assert.equal(other.origins.store, "default");
});
