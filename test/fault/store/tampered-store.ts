// A closed store, an older copy of it, and a hand that changes its files: with the key, with the
// triggers out of the way and back in place, and without a new inode that would make it a copy.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signAuthor } from "@strongroom/protocol";
import { openStore, type Store, type StoreError } from "@strongroom/store";
import type { Database } from "better-sqlite3-multiple-ciphers";
import { madeFact, madeFacts } from "../../support/made-facts.ts";
import { openJournal } from "../../support/open-closed-store.ts";
import { placeIn, type StorePlace } from "../../support/test-store.ts";

const FILES = ["journal.db", "index.db", "state.db", "keyring.json", "head.anchor"];
const ASIDE = "journal.db";
const SUFFIXES = ["", "-wal", "-shm"];
const CONTEXT = { principal: "tester", requestId: "r1", peer: "local" };

/** What happened to a store that was changed. */
export interface Outcome {
  /** Code that refused to open it. */
  open?: string;
  /** Alarms of the open, and the reason of a standby. */
  alarms: string[];
  /** Code of reading the entry that the case names. */
  read?: string;
  /** Distinct `VERDICT index` of a verification, without what the untouched store has. */
  verify: string[];
}

export class TamperedStore {
  readonly place: StorePlace;
  /** Folders with the files as they were: after the first half, and in the end. */
  readonly older: string;
  readonly newest: string;
  readonly #root: string;
  size = 0;
  olderSize = 0;

  constructor() {
    this.#root = mkdtempSync(join(tmpdir(), "strongroom-tamper-"));
    this.place = placeIn(this.#root);
    this.older = join(this.#root, "older");
    this.newest = join(this.#root, "newest");
  }

  /** Both halves have several commits, checkpoints and tiles; the first one also other kinds. */
  async fill(factsPerHalf: number): Promise<void> {
    const store = await this.open();
    await this.#append(store, 0, factsPerHalf);
    const signed = madeFact(1_000_000);
    for (const seed of [7, 8]) {
      const key = new Uint8Array(32).fill(seed);
      const { publicKey, signature } = signAuthor("fact", signed, key);
      const authorSignatures = [{ publicKey, signature }];
      await store.appendOne({ bytes: signed, authorSignatures }, CONTEXT);
    }
    const { cid } = await store.get({ index: 3 });
    await store.retract({ cid, reason: "wrong" });
    await store.setPrincipal({ name: "other", roles: ["reader"], scopes: ["*"] });
    this.olderSize = store.head().size;
    await store.close();
    this.journal((db) => db.exec(ATTEMPT), { keepTriggers: true });
    cpSync(this.place.path, this.older, { recursive: true });
    const again = await this.open();
    await this.#append(again, factsPerHalf, factsPerHalf);
    this.size = again.head().size;
    await again.close();
    this.keep();
  }

  /** What restore() puts back from now on. */
  keep(): void {
    rmSync(this.newest, { recursive: true, force: true });
    cpSync(this.place.path, this.newest, { recursive: true });
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Puts files of a copy back into the same inodes. */
  restore(from: string = this.newest, names: readonly string[] = FILES): void {
    const aside = join(this.#root, ASIDE);
    if (existsSync(aside)) renameSync(aside, this.file(ASIDE));
    for (const name of names) {
      for (const suffix of SUFFIXES) {
        const [source, target] = [join(from, name + suffix), this.file(name + suffix)];
        if (existsSync(source)) copyFileSync(source, target);
        else if (suffix !== "") rmSync(target, { force: true });
      }
    }
    for (const name of readdirSync(this.place.path)) {
      if (!readdirSync(from).includes(name)) rmSync(this.file(name), { recursive: true });
    }
  }

  /** Takes the journal away; restore() brings back the file that it was. */
  takeJournalAway(): void {
    renameSync(this.file(ASIDE), join(this.#root, ASIDE));
  }

  file(name: string): string {
    return join(this.place.path, name);
  }

  /** Rewrites a file in place. */
  edit(name: string, change: (bytes: Buffer) => Buffer): void {
    writeFileSync(this.file(name), change(readFileSync(this.file(name))));
  }

  /** Changes the journal with the key in hand; the triggers are dropped for it and put back. */
  journal(change: (db: Database) => void, options: { keepTriggers?: boolean } = {}): void {
    const db = openJournal(this.place.path, this.place.rawKey, { readonly: false });
    try {
      const triggers = (
        options.keepTriggers === true
          ? []
          : db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all()
      ) as { name: string; sql: string }[];
      for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
      change(db);
      for (const { sql } of triggers) db.exec(sql);
    } finally {
      db.close();
    }
  }

  /** Opens, reads entry `index`, verifies, closes. */
  async examine(index: number): Promise<Outcome> {
    const outcome: Outcome = { alarms: [], verify: [] };
    let store: Store;
    try {
      store = await this.open();
    } catch (error) {
      return { ...outcome, open: codeOf(error) };
    }
    const { state, reason } = store.status();
    if (state !== "ready") outcome.alarms.push(`standby ${reason}`);
    const alarms = await store.alarms({ limit: 100, includeCleared: false });
    for (const { code } of alarms) outcome.alarms.push(code);
    const read = await store.get({ index }, { verify: "inclusion" }).then(
      () => undefined,
      (error: unknown) => codeOf(error),
    );
    if (read !== undefined) outcome.read = read;
    const found = new Set<string>();
    await store
      .verify({ onFinding: (one) => found.add(`${one.verdict} ${one.index}`) })
      .catch((error: unknown) => found.add(`threw ${codeOf(error)}`));
    outcome.verify.push(...[...found].sort());
    await store.close();
    return outcome;
  }

  async #append(store: Store, from: number, count: number): Promise<void> {
    const batch = Math.ceil(count / 3);
    for (let at = from; at < from + count; at += batch) {
      const facts = madeFacts(at, Math.min(batch, from + count - at));
      await store.appendBatch(facts.map((bytes) => ({ bytes })));
    }
  }

  open(checkpointEntries = 50): Promise<Store> {
    return openStore({ ...this.place, checkpointEntries, readers: 1 });
  }
}

/** Leaves one row of evidence in the way that a refused statement does. */
const ATTEMPT = `INSERT INTO mutation_attempt(at_ms, event, action, tbl, "row")
  VALUES (1700000000000, 'fact_mutation_attempted', 'update', 'entry', 3)`;

function codeOf(error: unknown): string {
  return (error as StoreError).code ?? String(error);
}
