// Takes a file of an earlier schema version to this one, in one transaction: cut short, it is done
// again at the next open. Nothing that was there is touched.
import type Database from "better-sqlite3-multiple-ciphers";
import { databaseError } from "./classify.ts";
import { journalDdlOfVersion2, SCHEMA_VERSIONS, stateDdlOfVersion2 } from "./schema.ts";

/** Adds what version 2 has, and a row that says when. */
export function migrateJournal(db: Database.Database, nowMs: number): void {
  migrate(db, SCHEMA_VERSIONS.journal, () => {
    for (const statement of journalDdlOfVersion2) db.exec(statement);
    const insert = db.prepare("INSERT INTO schema(version, applied_at_ms) VALUES (?, ?)");
    insert.run(SCHEMA_VERSIONS.journal, nowMs);
  });
}

export function migrateState(db: Database.Database): void {
  migrate(db, SCHEMA_VERSIONS.state, () => {
    for (const statement of stateDdlOfVersion2) db.exec(statement);
  });
}

function migrate(db: Database.Database, version: number, add: () => void): void {
  if (db.pragma("user_version", { simple: true }) === version) return;
  try {
    db.exec("BEGIN IMMEDIATE");
    add();
    db.pragma(`user_version = ${version}`);
    db.exec("COMMIT");
  } catch (reason) {
    if (db.inTransaction) db.exec("ROLLBACK");
    db.close();
    throw databaseError(reason, db.name);
  }
}
