// `node scripts/setup.mjs run|test|peers`: installs what is missing. Called by npm before `npm start`,
// `npm test` and `npm run bench:peers`. Plain Node without dependencies: it runs in a clone that has nothing yet.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./setup/lock.mjs";
import { ensurePrograms, offerProgram, refuse, run, say } from "./setup/programs.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const state = join(root, ".setup");
// The real SQLCipher, which must open our files; a wheel, so that no compiler is involved.
const SQLCIPHER_PYTHON = "sqlcipher3==0.6.4";

async function main() {
  const mode = process.argv[2];
  if (!["run", "test", "peers"].includes(mode)) {
    refuse("usage: node scripts/setup.mjs run|test|peers");
  }
  checkNodeVersion();
  mkdirSync(state, { recursive: true });
  await withLock(join(state, "lock"), () => {
    installNodeModules();
    if (mode === "test") {
      installPythonModules();
      ensurePrograms(["redis-server"], "to test the job driver that uses Redis");
      ensurePrograms(["openssl"], "to check files and time stamps with another program");
      ensurePrograms(["strace"], "to test failing disks and the order of syncs");
    }
    // Other peers are fetched or skipped by the bench itself.
    if (mode === "peers") offerProgram("postgres", "to compare the bench with");
    // The test run compiles by itself, so that it can also be called without this.
    if (mode === "run") compile();
  });
}

function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  if (!supported) {
    refuse(`Node ${process.versions.node} is not supported: use 20.19+, 22.12+ or 24.`);
  }
}

// The stamp holds what the folder was made from: the lock file, and the Node ABI of its binaries.
function installNodeModules() {
  const stamp = join(root, "node_modules/.strongroom-stamp");
  const lock = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  const wanted = `${lock.digest("hex")} ${process.versions.modules}`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  ensurePrograms(["g++", "make", "python3"], "to compile the SQLite driver");
  say("installing npm packages and compiling the SQLite driver (two or three minutes)");
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  run(command, [...first, "ci", "--no-audit", "--no-fund"], { cwd: root, env: nodeHeaders() });
  writeFileSync(stamp, wanted);
}

// node-gyp downloads Node's headers unless it is shown a folder that has them.
function nodeHeaders() {
  if (process.env.npm_config_nodedir !== undefined) return process.env;
  const prefix = dirname(dirname(process.execPath));
  const found = [prefix, "/usr", "/usr/local"].find(hasHeadersOfThisNode);
  if (found === undefined) {
    say("Node's headers are not on this machine: the compiler step will try to download them");
    return process.env;
  }
  return { ...process.env, npm_config_nodedir: found };
}

function hasHeadersOfThisNode(prefix) {
  const file = join(prefix, "include/node/node_version.h");
  if (!existsSync(file)) return false;
  const text = readFileSync(file, "utf8");
  const part = (name) => text.match(new RegExp(`#define NODE_${name}_VERSION (\\d+)`))?.[1];
  return `${part("MAJOR")}.${part("MINOR")}.${part("PATCH")}` === process.versions.node;
}

// Incremental: a second or two when nothing changed. The bins start what is built.
function compile() {
  say("compiling TypeScript");
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const targets = ["packages/cli", "services/storage", "services/attestor"];
  run(process.execPath, [tsc, "-b", ...targets], { cwd: root, env: process.env });
}

function installPythonModules() {
  const target = join(state, "python");
  const stamp = join(target, ".stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === SQLCIPHER_PYTHON) return;
  ensurePrograms(["python3", "pip"], "to install the real SQLCipher for the tests");
  say(`installing ${SQLCIPHER_PYTHON} into .setup/python`);
  rmSync(target, { recursive: true, force: true });
  const options = ["--only-binary", ":all:", "--target", target, "--quiet"];
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir"];
  run("python3", [...pip, ...options, SQLCIPHER_PYTHON], { cwd: root, env: process.env });
  writeFileSync(stamp, SQLCIPHER_PYTHON);
}

await main();
