import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { closeSync, cpSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ed25519Signer, hashFact, signAuthor, signCheckpoint } from "@strongroom/protocol";
import type { Database } from "../engine/sqlite/database.ts";
import { openDatabase } from "../engine/sqlite/database.ts";
import { openJournalReader, openTermIndexReader } from "../engine/sqlite/open.ts";
import { Terms } from "../index/terms.ts";
import { type OpenOptions, openStore } from "../index.ts";
import { readKeySource } from "../keys/key-source.ts";
import { fileKey, type OpenedKeyring, openKeyring } from "../keys/keyring.ts";
import { CheckedProofs } from "../read/checked-proofs.ts";
import { PageTokens } from "../read/query/page-token.ts";
import type { Reader } from "../read/reader-context.ts";
import { ReaderPool } from "../read/reader-pool.ts";
import { Tail } from "../read/tail.ts";
import { TreeReader } from "../read/tree-reader.ts";
import { factBytes, testCipher } from "../testing/temp-store.ts";
import type { Finding, Head, VerifyOptions, VerifySummary } from "../types.ts";
import { verifyMethods } from "./verify-methods.ts";
import { type VerifyDeps, verifyStore } from "./verify-store.ts";

const context = { principal: "tester", requestId: "r1", peer: "local" };
const LEVEL_SPAN = 2 ** 40;
const PAGE_BYTES = 4096;

interface Base {
  path: string;
  head: Head;
  origin: string;
  logVkey: string;
  keyring: OpenedKeyring;
}

const root = mkdtempSync(join(tmpdir(), "strongroom-verify-"));
const key = testCipher === "none" ? "none://" : new Uint8Array(randomBytes(32));
let small: Base;
let copies = 0;

/** A closed store of about `facts` entries, with authors, an endorsement and a retraction. */
async function makeStore(name: string, facts: number): Promise<Base> {
  const options: OpenOptions = { path: join(root, name), key, cipher: testCipher };
  const store = await openStore({ ...options, checkpointEntries: 300, checkpointMs: 10 });
  const seeds = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
  const signed = factBytes({ entity: "signed" });
  const sign = (seed: Uint8Array) => {
    const { publicKey, signature } = signAuthor("fact", signed, seed);
    return { publicKey, signature };
  };
  for (let done = 0; done < facts; ) {
    const count = Math.min(done === 0 ? 200 : 2048, facts - done);
    const batch = Array.from({ length: count }, (_, i) => ({
      bytes: factBytes({ entity: `e${(done + i) % 97}`, scope: `team/${(done + i) % 5}` }),
    }));
    await store.appendBatch(batch, context);
    done += count;
    if (done === 200) {
      await store.appendOne(
        { bytes: signed, authorSignatures: [sign(seeds[0] ?? signed)] },
        context,
      );
      await store.appendOne(
        { bytes: signed, authorSignatures: [sign(seeds[1] ?? signed)] },
        context,
      );
      await store.retract({ cid: hashFact(batch[3]?.bytes ?? signed), reason: "wrong" }, context);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  await store.append(factBytes({ entity: "last" }), context);
  const { origin, logVkey } = store;
  const head = store.head();
  await store.close();
  const keyring = await openKeyring(join(options.path, "keyring.json"), readKeySource(key, {}));
  return { path: options.path, head, origin, logVkey, keyring };
}

function openRole(path: string, base: Base, role: "journal" | "index"): Database {
  const { cipher } = base.keyring.keyring;
  const file = join(path, `${role}.db`);
  return openDatabase({ path: file, role, cipher, fileKey: fileKey(base.keyring, role) });
}

/** Copies the store and edits the copy with the key in hand, leaving the schema as it was. */
function tampered(base: Base, edit: (db: Database) => void, role: "journal" | "index" = "journal") {
  const path = join(root, `copy-${++copies}`);
  cpSync(base.path, path, { recursive: true });
  const db = openRole(path, base, role);
  const triggers = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all() as { name: string; sql: string }[];
  for (const trigger of triggers) db.exec(`DROP TRIGGER ${trigger.name}`);
  edit(db);
  for (const trigger of triggers) db.exec(trigger.sql);
  db.close();
  return path;
}

async function verifyFolder(path: string, base: Base, options: VerifyOptions = {}) {
  const { cipher } = base.keyring.keyring;
  const folder = path;
  const journal = openJournalReader({ folder, cipher, fileKey: fileKey(base.keyring, "journal") });
  const index = openTermIndexReader({ folder, cipher, fileKey: fileKey(base.keyring, "index") });
  const reader: Reader = {
    journal,
    index,
    terms: new Terms(index.termKey),
    tail: new Tail(journal),
    tree: new TreeReader(journal),
    pageTokens: new PageTokens(new Uint8Array(32), "store"),
    proofs: new CheckedProofs([]),
  };
  const methods = verifyMethods(
    () => reader,
    () => ({ origin: base.origin, logVkeys: [base.logVkey] }),
  );
  const call = async (method: string, argument: unknown): Promise<unknown> =>
    (methods as Record<string, (argument: unknown) => unknown>)[method]?.(argument);
  const pool = { size: 1, call } as unknown as VerifyDeps["pool"];
  const findings: Finding[] = [];
  const identity = { origins: [{ logVkey: base.logVkey }] };
  const summary: VerifySummary = await verifyStore(
    { pool, head: base.head, identity, isAppending: () => false },
    { ...options, onFinding: (finding) => findings.push(finding) },
  );
  journal.close();
  index.close();
  return { summary, findings };
}

async function findingsAfter(edit: (db: Database) => void, role: "journal" | "index" = "journal") {
  const { findings } = await verifyFolder(tampered(small, edit, role), small);
  return findings.map((one) => `${one.verdict} ${one.part} ${one.index}`);
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function editColumn(
  db: Database,
  column: string,
  index: number,
  edit: (b: Uint8Array) => Uint8Array,
) {
  const where = 'FROM entry WHERE "index" = ?';
  const bytes = db.prepare(`SELECT ${column} ${where}`).pluck().get(index) as Uint8Array;
  db.prepare(`UPDATE entry SET ${column} = ? WHERE "index" = ?`).run(edit(bytes), index);
}

before(async () => {
  small = await makeStore("small", 1500);
});
after(() => rmSync(root, { recursive: true, force: true }));

describe(`verify (${testCipher})`, () => {
  test("finds nothing in a store that nobody touched", async () => {
    const seen: number[] = [];
    const { summary, findings } = await verifyFolder(small.path, small, {
      onProgress: (done, total) => seen.push(done, total),
    });
    assert.deepEqual(findings, []);
    assert.equal(summary.verdict, "verified");
    assert.equal(summary.entries, small.head.size);
    assert.deepEqual(summary.root, small.head.root);
    assert.equal(summary.tiles, Math.floor(small.head.size / 256));
    assert.ok(summary.checkpoints >= 2, `${summary.checkpoints} checkpoints`);
    assert.deepEqual(seen.slice(-2), [small.head.size, small.head.size]);
  });

  test("checks leaves and roots alone below the index it is told to start from", async () => {
    const path = tampered(small, (db) => editColumn(db, "body", 5, (body) => flip(body, 20)));
    const { findings } = await verifyFolder(path, small, { fromIndex: small.head.size });
    assert.deepEqual(findings, []);
  });

  const at = 700;
  const cases: [what: string, edit: (db: Database) => void, expected: string[]][] = [
    [
      "an edited body",
      (db) => editColumn(db, "body", at, (body) => flip(body, body.length - 1)),
      [`BODY_EDITED entry ${at}`],
    ],
    [
      "an edited body of a retraction",
      (db) => editColumn(db, "body", 203, (body) => flip(body, body.length - 1)),
      ["BODY_EDITED entry 203"],
    ],
    [
      "a body that was blanked",
      (db) => editColumn(db, "body", at, () => new Uint8Array(0)),
      [`BODY_MISSING entry ${at}`],
    ],
    [
      "an edited blind",
      (db) => editColumn(db, "blind", at, (blind) => flip(blind, 3)),
      [`BLIND_EDITED entry ${at}`],
    ],
    [
      "edited evidence",
      (db) => editColumn(db, "evidence", at, (evidence) => flip(evidence, 10)),
      [`EVIDENCE_EDITED entry ${at}`],
    ],
    [
      "evidence that is cut short",
      (db) => editColumn(db, "evidence", at, (evidence) => evidence.subarray(0, 9)),
      [`EVIDENCE_EDITED entry ${at}`],
    ],
    [
      "an edited leaf",
      (db) => editColumn(db, "leaf", at, (leaf) => flip(leaf, 60)),
      [`LEAF_EDITED entry ${at}`],
    ],
    [
      "a leaf that is no leaf",
      (db) => editColumn(db, "leaf", at, (leaf) => leaf.subarray(1)),
      [`LEAF_EDITED entry ${at}`],
    ],
    [
      "a forged link",
      (db) => editColumn(db, "leaf", at, (leaf) => flip(leaf, 20)),
      [`LINK_FORGED entry ${at}`],
    ],
    [
      "an edited leaf in the last, unfinished tile",
      (db) => editColumn(db, "leaf", 1490, (leaf) => flip(leaf, 60)),
      ["LEAF_EDITED entry 1490"],
    ],
    [
      "a forged link in the last, unfinished tile",
      (db) => editColumn(db, "leaf", 1490, (leaf) => flip(leaf, 20)),
      ["LINK_FORGED entry 1490"],
    ],
    ["a wrong tile", (db) => editTile(db, 2, (tile) => flip(tile, 40 * 32)), ["TILE_WRONG tile 2"]],
    [
      "a tile with another root",
      (db) => db.prepare("UPDATE tile SET root = ? WHERE id = 1").run(new Uint8Array(32)),
      ["TILE_WRONG tile 1"],
    ],
    [
      "a tile with other inner nodes",
      (db) => db.prepare("UPDATE tile SET middle = ? WHERE id = 4").run(new Uint8Array(512)),
      ["TILE_WRONG tile 4"],
    ],
    ["a missing tile", (db) => db.exec("DELETE FROM tile WHERE id = 3"), ["TILE_MISSING tile 3"]],
    [
      "a key event that the control list lacks",
      (db) => db.exec('DELETE FROM control WHERE "index" = 0'),
      ["CONTROL_WRONG entry 0"],
    ],
    [
      "a control list that names a fact",
      (db) => db.exec(`INSERT INTO control VALUES (${at})`),
      [`CONTROL_WRONG entry ${at}`],
    ],
    [
      "a refused attempt to change the journal",
      (db) =>
        db.exec(
          `INSERT INTO mutation_attempt(at_ms, event, action, tbl, "row") VALUES (1, 'fact_mutation_attempted', 'update', 'entry', ${at})`,
        ),
      [`MUTATION_ATTEMPTED schema ${at}`],
    ],
    ["a changed schema", (db) => db.exec("CREATE TABLE extra(a)"), ["SCHEMA_CHANGED schema 0"]],
  ];
  for (const [what, edit, expected] of cases) {
    test(`finds ${what}, and says where`, async () => {
      assert.deepEqual(await findingsAfter(edit), expected);
    });
  }

  test("finds a missing entry and the link of its scope that it breaks", async () => {
    const found = await findingsAfter((db) => db.exec(`DELETE FROM entry WHERE "index" = ${at}`));
    assert.ok(found.includes(`ENTRY_MISSING entry ${at}`), found.join());
    assert.ok(
      found.every((one) => /ENTRY_MISSING|SCOPE_/.test(one)),
      found.join(),
    );
  });

  test("finds a tail that was cut off, with its tiles and checkpoints", async () => {
    const found = await findingsAfter((db) => {
      db.exec('DELETE FROM entry WHERE "index" >= 1400');
      db.exec("DELETE FROM checkpoint WHERE size > 1400");
      db.exec("DELETE FROM scope_head WHERE last_index >= 1400");
    });
    assert.ok(found.includes("TAIL_TRUNCATED entry 1400"), found.join());
  });

  test("finds scope head rows that are wrong or missing", async () => {
    const wrong = await findingsAfter((db) => {
      db.prepare(
        "DELETE FROM scope_head WHERE last_index = (SELECT max(last_index) FROM scope_head)",
      ).run();
    });
    assert.ok(
      wrong.length > 0 && wrong.every((one) => one.startsWith("SCOPE_HEAD_WRONG")),
      wrong.join(),
    );
  });

  test("finds a checkpoint signed by somebody else, and one with another root", async () => {
    const signer = ed25519Signer(small.origin, new Uint8Array(32).fill(9));
    const sizes: number[] = [];
    const foreign = await findingsAfter((db) => {
      const size = db.prepare("SELECT max(size) FROM checkpoint").pluck().get() as number;
      sizes.push(size);
      const note = signCheckpoint(
        { origin: small.origin, size: BigInt(size), root: small.head.root },
        [signer],
      );
      db.prepare("UPDATE checkpoint SET note = ? WHERE size = ?").run(note, size);
    });
    assert.deepEqual(foreign, [`CHECKPOINT_FOREIGN checkpoint ${sizes[0]}`]);
    const swapped = await findingsAfter((db) => {
      const rows = db.prepare("SELECT size, note FROM checkpoint ORDER BY size").all() as {
        size: number;
        note: Uint8Array;
      }[];
      const [first, second] = rows;
      db.prepare("UPDATE checkpoint SET note = ? WHERE size = ?").run(first?.note, second?.size);
      sizes.push(second?.size ?? 0);
    });
    assert.deepEqual(swapped, [`CHECKPOINT_WRONG checkpoint ${sizes[1]}`]);
  });

  test("finds damaged pages, and goes on to the end", async () => {
    const path = tampered(small, () => {});
    const file = openSync(join(path, "journal.db"), "r+");
    const pages = Math.floor(fstatSync(file).size / PAGE_BYTES);
    for (let page = Math.floor(pages / 2); page < pages / 2 + 4; page++) {
      writeSync(file, randomBytes(PAGE_BYTES), 0, PAGE_BYTES, page * PAGE_BYTES);
    }
    closeSync(file);
    const { findings, summary } = await verifyFolder(path, small);
    assert.ok(findings.some((one) => one.verdict === "PAGE_UNREADABLE"));
    assert.ok(findings.every((one) => one.message.length > 0));
    assert.equal(summary.entries, small.head.size);
  });

  test("finds an index that is out of step with the log", async () => {
    const found = await findingsAfter((db) => {
      db.exec("INSERT INTO terms(terms) VALUES('delete-all')");
    }, "index");
    assert.ok(found.length > 0);
    assert.ok(
      found.every((one) => one.startsWith("PROJECTION_WRONG index")),
      found.join(),
    );
  });

  test("finds a head that is not the one of the log", async () => {
    const other: Base = { ...small, head: { ...small.head, root: new Uint8Array(32) } };
    const { findings, summary } = await verifyFolder(small.path, other);
    const verdicts = findings.map((one) => one.verdict);
    assert.deepEqual(verdicts, ["CHECKPOINT_WRONG", "ANCHOR_WRONG"]);
    assert.equal(summary.verdict, "CHECKPOINT_WRONG");
  });

  test("reports at most a thousand findings and counts them all", async () => {
    const path = tampered(small, (db) => db.exec("UPDATE entry SET blind = zeroblob(16)"));
    const { findings, summary } = await verifyFolder(path, small);
    assert.equal(findings.length, 1000);
    assert.ok(summary.findings >= 1500);
  });
});

function editTile(db: Database, n: number, edit: (bytes: Uint8Array) => Uint8Array): void {
  const hashes = db.prepare("SELECT hashes FROM tile WHERE id = ?").pluck().get(n) as Uint8Array;
  db.prepare("UPDATE tile SET hashes = ? WHERE id = ?").run(edit(hashes), n);
}

describe(`verify of a larger store (${testCipher})`, () => {
  let large: Base;
  before(async () => {
    large = await makeStore("large", 66_000);
  });

  test("runs on all reader threads and finds upper tiles and filter segments in order", async () => {
    const { cipher, storeId } = large.keyring.keyring;
    const pool = await ReaderPool.open(
      {
        path: large.path,
        cipher,
        journalKey: fileKey(large.keyring, "journal"),
        indexKey: fileKey(large.keyring, "index"),
        pageTokenKey: new Uint8Array(32),
        storeId,
        origin: large.origin,
        logVkeys: [large.logVkey],
        keys: [],
      },
      { threads: 2 },
    );
    const findings: Finding[] = [];
    const identity = { origins: [{ logVkey: large.logVkey }] };
    const summary = await verifyStore(
      { pool, head: large.head, identity, isAppending: () => true },
      { onFinding: (finding) => findings.push(finding) },
    );
    await pool.close();
    assert.deepEqual(findings, []);
    assert.equal(summary.tiles, Math.floor(large.head.size / 256) + 1);
  });

  test("finds a filter segment that lacks a fact and an upper tile that is wrong", async () => {
    const path = tampered(large, (db) => {
      const filter = db.prepare("SELECT fingerprints FROM cid_filter").pluck().get() as Uint8Array;
      db.prepare("UPDATE cid_filter SET fingerprints = ?").run(flip(filter, 400));
      editTile(db, LEVEL_SPAN, (tile) => flip(tile, 0));
    });
    const { findings } = await verifyFolder(path, large);
    assert.deepEqual(findings.map((one) => one.verdict).sort(), ["FILTER_WRONG", "TILE_WRONG"]);
  });
});
