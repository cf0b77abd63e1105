// Files of cipher `sqlcipher` against the real SQLCipher 4, through its Python binding.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { readKeySource } from "../../keys/key-source.ts";
import { createKeyring, exportFileKey, fileKey } from "../../keys/keyring.ts";
import { openDatabase } from "./database.ts";
import { APPLICATION_IDS } from "./schema.ts";

const root = mkdtempSync(join(tmpdir(), "strongroom-sqlcipher-"));
after(() => rmSync(root, { recursive: true }));
let path = "";
beforeEach(() => {
  path = join(mkdtempSync(join(root, "t")), "journal.db");
});

// The test setup installs the binding into a folder of its own.
const { STRONGROOM_TEST_PYTHONPATH: setupPath, ...inherited } = process.env;
const env = setupPath === undefined ? inherited : { ...inherited, PYTHONPATH: setupPath };
const hasSqlcipher = spawnSync("python3", ["-c", "import sqlcipher3"], { env }).status === 0;
const skip = hasSqlcipher ? false : "sqlcipher3 (Python) is not installed";

const opened = await createKeyring({
  cipher: "sqlcipher",
  source: readKeySource(new Uint8Array(32).fill(5), {}),
});
const options = {
  path: "",
  role: "journal",
  cipher: "sqlcipher",
  fileKey: fileKey(opened, "journal"),
} as const;

const PROLOGUE = `
import sys, json
from sqlcipher3 import dbapi2 as sqlite
db = sqlite.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA key = \\"x'" + sys.argv[2] + "'\\"")
`;

function python(script: string, key = exportFileKey(opened, "journal")): unknown {
  const child = spawnSync("python3", ["-c", PROLOGUE + script, path, key], { env });
  assert.equal(child.status, 0, child.stderr.toString());
  return JSON.parse(child.stdout.toString());
}

test("real SQLCipher opens our file with the exported file key, and we read what it adds", {
  skip,
}, () => {
  const db = openDatabase({ ...options, path, create: true });
  db.exec("CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('ours')");
  db.close();
  const found = python(`
major = db.execute("PRAGMA cipher_version").fetchone()[0][0]
damaged = db.execute("PRAGMA cipher_integrity_check").fetchall()
rows = db.execute("SELECT a FROM t").fetchall()
db.execute("INSERT INTO t VALUES ('theirs')")
print(json.dumps([major, damaged, rows]))`);
  assert.deepEqual(found, ["4", [], [["ours"]]]);
  const again = openDatabase({ ...options, path });
  assert.deepEqual(again.prepare("SELECT a FROM t").pluck().all(), ["ours", "theirs"]);
  again.close();
});

test("real SQLCipher reads the commits that are still in our WAL", { skip }, () => {
  const db = openDatabase({ ...options, path, create: true });
  db.exec("CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('in the WAL')");
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  db.close();
  path = copy;
  assert.deepEqual(python('print(json.dumps(db.execute("SELECT a FROM t").fetchall()))'), [
    ["in the WAL"],
  ]);
});

test("we open a file that real SQLCipher made", { skip }, () => {
  python(`
db.execute("PRAGMA application_id=${APPLICATION_IDS.journal}")
db.execute("CREATE TABLE t(a TEXT)")
db.execute("INSERT INTO t VALUES ('theirs')")
db.close()
print("null")`);
  const db = openDatabase({ ...options, path });
  assert.deepEqual(db.prepare("SELECT a FROM t").pluck().all(), ["theirs"]);
  db.close();
});

test("real SQLCipher does not open it with another file's key", { skip }, () => {
  openDatabase({ ...options, path, create: true }).close();
  const script = `
try:
  db.execute("SELECT count(*) FROM sqlite_master").fetchall()
  print(json.dumps("opened"))
except sqlite.DatabaseError as error:
  print(json.dumps(str(error)))`;
  assert.equal(python(script, exportFileKey(opened, "state")), "file is not a database");
});
