import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { StoreError, type StoreErrorCode } from "../../errors.ts";
import { CIPHERS, type Cipher } from "../../keys/cipher-name.ts";
import { databaseError, PAGE_BYTES } from "./classify.ts";
import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";

// Other processes run what this file runs: the source, or what was built of it.
const isSource = import.meta.url.endsWith(".ts");
const SOURCE_FLAGS = ["--conditions=source", "--import", "tsx"];
const DATABASE_MODULE = new URL(isSource ? "database.ts" : "database.js", import.meta.url).href;

const root = mkdtempSync(join(tmpdir(), "strongroom-database-"));
after(() => rmSync(root, { recursive: true }));
let folder = root;
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "t"));
  path = join(folder, "journal.db");
});

const fileKey = new Uint8Array(32).fill(7);
const MARKER = "MARKER-that-must-not-be-on-disk";

function optionsFor(cipher: Cipher): DatabaseOptions {
  return { path, role: "journal", cipher, fileKey: cipher === "none" ? undefined : fileKey };
}

function fill(db: Database): void {
  db.exec("CREATE TABLE t(a TEXT)");
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  for (let n = 0; n < 100; n++) insert.run(MARKER.repeat(30));
}

/** A closed file of about 80 pages. */
function created(cipher: Cipher): DatabaseOptions {
  const options = optionsFor(cipher);
  const db = openDatabase({ ...options, create: true });
  fill(db);
  db.close();
  return options;
}

function countRows(options: DatabaseOptions): number {
  const db = openDatabase(options);
  try {
    return Number(db.prepare("SELECT count(*) FROM t").pluck().get());
  } finally {
    db.close();
  }
}

function refused(options: DatabaseOptions, code: StoreErrorCode): StoreError {
  let found: StoreError | undefined;
  for (const readonly of [true, false]) {
    assert.throws(
      () => openDatabase({ ...options, readonly }).close(),
      (error: unknown) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.code, code, `${error.message} ${String(error.cause)}`);
        found = error;
        return true;
      },
    );
  }
  assert.ok(found);
  return found;
}

function flip(at: number, mask = 1): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
  writeFileSync(path, bytes);
}

for (const cipher of CIPHERS) {
  describe(`with cipher ${cipher}`, () => {
    test("keeps rows over a close, in WAL mode, with the settings it promises", () => {
      const options = created(cipher);
      assert.equal(countRows(options), 100);
      assert.equal(countRows({ ...options, readonly: true }), 100);
      const db = openDatabase({ ...options, synchronous: "NORMAL" });
      const pragma = (name: string) => db.pragma(name, { simple: true });
      assert.equal(pragma("journal_mode"), "wal");
      assert.equal(pragma("synchronous"), 1);
      assert.equal(pragma("page_size"), PAGE_BYTES);
      assert.equal(pragma("temp_store"), 2);
      assert.equal(pragma("trusted_schema"), 0);
      assert.equal(pragma("cell_size_check"), 1);
      db.close();
      const strict = openDatabase(options);
      assert.equal(strict.pragma("synchronous", { simple: true }), 2);
      strict.close();
    });

    test("makes every file readable to its owner only, whatever the umask", () => {
      const umask = process.umask(0);
      try {
        const db = openDatabase({ ...optionsFor(cipher), create: true });
        fill(db);
        const names = readdirSync(folder).sort();
        assert.deepEqual(names, ["journal.db", "journal.db-shm", "journal.db-wal"]);
        for (const name of names) {
          assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
        }
        db.close();
        chmodSync(path, 0o644);
        openDatabase(optionsFor(cipher)).close();
        assert.equal(statSync(path).mode & 0o777, 0o600);
      } finally {
        process.umask(umask);
      }
    });

    test("takes up the commits of a process that was killed", () => {
      const options = created(cipher);
      const keyHex = Buffer.from(fileKey).toString("hex");
      const script = `
        const { openDatabase } = await import(${JSON.stringify(DATABASE_MODULE)});
        const fileKey = Uint8Array.from(Buffer.from("${keyHex}", "hex"));
        const db = openDatabase({ path: process.argv[1], role: "journal", cipher: "${cipher}", fileKey });
        for (let n = 0; n < 50; n++) db.prepare("INSERT INTO t VALUES ('more')").run();
        process.kill(process.pid, "SIGKILL");`;
      const flags = [...(isSource ? SOURCE_FLAGS : []), "--input-type=module"];
      const child = spawnSync(process.execPath, [...flags, "-e", script, path]);
      assert.equal(child.signal, "SIGKILL", child.stderr.toString());
      assert.ok(statSync(`${path}-wal`).size > 0);
      assert.equal(countRows(options), 150);
    });

    test("tells an empty, a cut and a page-aligned cut file from a damaged one", () => {
      const options = created(cipher);
      const size = statSync(path).size;
      for (const cut of [size - 1, size - 100, size - PAGE_BYTES, 8 * PAGE_BYTES, 100, 0]) {
        truncateSync(path, cut);
        refused(options, "TRUNCATED_FILE");
      }
    });

    test("finds a damaged first page", () => {
      const options = created(cipher);
      const good = readFileSync(path);
      // The first 24 bytes hold a salt or are not covered by every cipher (known facts).
      for (const at of [24, 100, 500, 2000, PAGE_BYTES - 1]) {
        // Plaintext has no page MAC: only structure is checked there.
        if (cipher === "none" && at !== 100) continue;
        flip(at);
        refused(options, "CORRUPT_PAGE");
        writeFileSync(path, good);
      }
      assert.equal(countRows(options), 100);
    });

    test("keeps the WAL when the first page cannot be read", () => {
      const options = created(cipher);
      const db = openDatabase(options);
      db.exec("INSERT INTO t VALUES ('only in the WAL')");
      const copy = join(folder, "copy.db");
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      db.close();
      path = copy;
      const wal = readFileSync(`${copy}-wal`);
      const page = readFileSync(copy);
      flip(100);
      refused({ ...options, path: copy }, "CORRUPT_PAGE");
      assert.deepEqual(readFileSync(`${copy}-wal`), wal);
      writeFileSync(copy, page);
      assert.equal(countRows({ ...options, path: copy }), 101);
    });

    test("refuses a database that is not of this role", () => {
      const options = created(cipher);
      refused({ ...options, role: "state" }, "NOT_A_STORE");
    });

    test("does not take a random file for a database", () => {
      writeFileSync(path, randomBytes(4 * PAGE_BYTES));
      refused(optionsFor(cipher), cipher === "none" ? "KEY_REQUIRED" : "CORRUPT_PAGE");
    });

    test("reads but does not write through a read-only connection", () => {
      const db = openDatabase({ ...created(cipher), readonly: true });
      assert.throws(
        () => db.exec("DELETE FROM t"),
        (error: unknown) => databaseError(error, path).code === "READ_ONLY",
      );
      db.close();
    });
  });
}

for (const cipher of CIPHERS.filter((name) => name !== "none")) {
  describe(`with cipher ${cipher}, encrypted`, () => {
    test("finds any damaged page when it is read", () => {
      const options = created(cipher);
      const size = statSync(path).size;
      const good = readFileSync(path);
      for (let page = 1; page * PAGE_BYTES < size; page += 7) {
        flip(page * PAGE_BYTES + 700, 0x80);
        const db = openDatabase(options);
        assert.throws(
          () => db.pragma("quick_check"),
          (error: unknown) => databaseError(error, path).code === "CORRUPT_PAGE",
        );
        db.close();
        writeFileSync(path, good);
      }
    });

    test("leaves no plaintext on disk, also from large sorts and in the WAL", () => {
      const db = openDatabase({ ...optionsFor(cipher), create: true });
      fill(db);
      db.exec("CREATE TABLE u AS SELECT a || random() AS a FROM t, (SELECT 1 FROM t LIMIT 20)");
      db.pragma("cache_size=10");
      db.prepare("SELECT a FROM u ORDER BY a DESC").all();
      const check = () => {
        for (const name of readdirSync(folder)) {
          const bytes = readFileSync(join(folder, name));
          assert.ok(!bytes.includes("MARKER"), name);
          assert.ok(!bytes.includes("CREATE TABLE"), name);
        }
      };
      assert.ok(existsSync(`${path}-wal`));
      check();
      db.close();
      check();
    });

    test("tells an unencrypted file, another key, another cipher and no key apart", () => {
      const plain = created("none");
      refused({ ...plain, cipher, fileKey }, "NOT_ENCRYPTED");
      rmSync(path);
      const options = created(cipher);
      refused({ ...options, fileKey: undefined }, "KEY_REQUIRED");
      refused({ ...options, cipher: "none", fileKey: undefined }, "KEY_REQUIRED");
      // The keyring has proven the key before: what does not decrypt is damage or a swapped file.
      refused({ ...options, fileKey: new Uint8Array(32).fill(8) }, "CORRUPT_PAGE");
      for (const other of CIPHERS) {
        if (other === cipher || other === "none") continue;
        refused({ ...options, cipher: other }, "CORRUPT_PAGE");
      }
      assert.equal(countRows(options), 100);
    });

    test("refuses keys that SQLite would take as a passphrase or as no key", () => {
      for (const length of [0, 1, 16, 31, 33]) {
        const short = { ...optionsFor(cipher), fileKey: new Uint8Array(length) };
        assert.throws(
          () => openDatabase({ ...short, create: true }),
          (error: unknown) => error instanceof StoreError && error.code === "KEY_LENGTH",
        );
        rmSync(path, { force: true });
      }
    });
  });
}

test("tells a damaged plaintext header from an encrypted file", () => {
  const options = created("none");
  flip(3);
  refused(options, "CORRUPT_PAGE");
});

test("refuses what is not a regular file and what is not there", () => {
  const options = created("none");
  const link = join(folder, "link.db");
  symlinkSync(path, link);
  refused({ ...options, path: link }, "NOT_A_STORE");
  refused({ ...options, path: folder }, "NOT_A_STORE");
  refused({ ...options, path: join(folder, "nothing.db") }, "IO_ERROR");
});

test("refuses a SQLite database that some other program made", () => {
  writeFileSync(path, "");
  const other = openDatabase({ ...optionsFor("none"), path: join(folder, "x.db"), create: true });
  other.pragma("application_id=0");
  other.exec("CREATE TABLE notes(a)");
  other.close();
  refused({ ...optionsFor("none"), path: join(folder, "x.db") }, "NOT_A_STORE");
});

test("turns a full disk and a lock into their codes", () => {
  const options = created("none");
  const db = openDatabase({ ...options, busyTimeoutMs: 0 });
  db.pragma("max_page_count=1");
  assert.throws(
    () => db.prepare("INSERT INTO t VALUES (?)").run("x".repeat(100_000)),
    (error: unknown) => databaseError(error, path).code === "DISK_FULL",
  );
  const second = openDatabase({ ...options, busyTimeoutMs: 0 });
  db.exec("BEGIN IMMEDIATE");
  assert.throws(
    () => second.exec("BEGIN IMMEDIATE"),
    (error: unknown) => databaseError(error, path).code === "STORE_LOCKED",
  );
  second.close();
  db.close();
});

test("maps each code of SQLite, passes StoreErrors on and calls the rest internal", () => {
  const expected = {
    SQLITE_NOTADB: "CORRUPT_PAGE",
    SQLITE_CORRUPT_VTAB: "CORRUPT_PAGE",
    SQLITE_BUSY_SNAPSHOT: "STORE_LOCKED",
    SQLITE_FULL: "DISK_FULL",
    SQLITE_READONLY_DBMOVED: "READ_ONLY",
    SQLITE_CANTOPEN: "IO_ERROR",
    SQLITE_IOERR_FSYNC: "IO_ERROR",
    SQLITE_PERM: "PERMISSION",
    SQLITE_CONSTRAINT: "INTERNAL",
  };
  for (const [sqlite, code] of Object.entries(expected)) {
    const cause = Object.assign(new Error("x"), { code: sqlite });
    const error = databaseError(cause, "/p");
    assert.equal(error.code, code, sqlite);
    assert.equal(error.cause, cause);
  }
  const error = new StoreError("KEY_LENGTH", "x");
  assert.equal(databaseError(error, "/p"), error);
  assert.equal(databaseError("thrown text", "/p").code, "INTERNAL");
});
