// The journal's tiles and checkpoints, column by column.
import { ed25519Signer, signCheckpoint } from "@strongroom/protocol";
import type { Database } from "better-sqlite3-multiple-ciphers";
import { bySql, flipByte, SIZE, type TamperCase } from "./tamper-case.ts";

const tile = bySql("tile");
const checkpoint = bySql("checkpoint");

const SECOND = "(SELECT size FROM checkpoint ORDER BY size LIMIT 1 OFFSET 1)";

const tiles: TamperCase[] = [
  tile("id: another", "UPDATE tile SET id = 77 WHERE id = 0", { open: "STORE_ROLLED_BACK" }),
  tile(
    "hashes: one is another",
    "UPDATE tile SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE id = 0",
    { verify: ["TILE_WRONG 0"] },
  ),
  tile("hashes: cut", "UPDATE tile SET hashes = substr(hashes, 33) WHERE id = 0", {
    verify: ["TILE_MISSING 0"],
  }),
  tile("hashes: of another type", "UPDATE tile SET hashes = hex(hashes) WHERE id = 0", {
    verify: ["TILE_MISSING 0"],
  }),
  tile("root: another", "UPDATE tile SET root = zeroblob(32) WHERE id = 0", {
    open: "STORE_FORKED",
  }),
  tile("root: of another type", "UPDATE tile SET root = hex(root) WHERE id = 0", {
    open: "STORE_FORKED",
  }),
  tile("middle: another", "UPDATE tile SET middle = zeroblob(512) WHERE id = 0", {
    read: "INCLUSION_MISMATCH",
    verify: ["TILE_WRONG 0"],
  }),
  tile("middle: cut", "UPDATE tile SET middle = substr(middle, 1, 32) WHERE id = 0", {
    verify: ["TILE_WRONG 0"],
  }),
  tile("row deleted", "DELETE FROM tile WHERE id = 0", { open: "STORE_ROLLED_BACK" }),
  tile(
    "rows swapped",
    `UPDATE tile SET id = 1000 WHERE id = 0; UPDATE tile SET id = 0 WHERE id = 1;
     UPDATE tile SET id = 1 WHERE id = 1000`,
    { open: "STORE_FORKED" },
  ),
  tile(
    "row doubled as the next tile",
    "INSERT INTO tile SELECT 2, hashes, root, middle FROM tile WHERE id = 1",
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN 2"] },
    600,
  ),
  tile(
    "row doubled below zero",
    "INSERT INTO tile SELECT -1, hashes, root, middle FROM tile WHERE id = 1",
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN -1"] },
  ),
  tile(
    "row doubled in a level that is not there",
    `INSERT INTO tile SELECT ${2 ** 40}, hashes, root, middle FROM tile WHERE id = 1`,
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN 1099511627776"] },
  ),
];

/** Replaces the note of the second checkpoint by one that another key signed. */
function signAgain(db: Database): void {
  const row = db.prepare(`SELECT size, note FROM checkpoint WHERE size = ${SECOND}`).get() as {
    size: number;
    note: Uint8Array;
  };
  const [origin = "", , root = ""] = Buffer.from(row.note).toString("utf8").split("\n");
  const signer = ed25519Signer(origin, new Uint8Array(32).fill(9));
  const content = { origin, size: BigInt(row.size), root: Buffer.from(root, "base64") };
  const note = signCheckpoint(content, [signer]);
  db.prepare("UPDATE checkpoint SET note = ? WHERE size = ?").run(note, row.size);
}

const checkpoints: TamperCase[] = [
  checkpoint("size: another", `UPDATE checkpoint SET size = size + 1 WHERE size = ${SECOND}`, {
    verify: ["CHECKPOINT_WRONG 0", "CHECKPOINT_WRONG 222"],
  }),
  {
    part: "checkpoint",
    what: "note: a byte",
    change: (store) =>
      store.journal((db) =>
        flipByte(db, { table: "checkpoint", column: "note", where: `size = ${SECOND}`, byte: 60 }),
      ),
    found: { verify: ["CHECKPOINT_FOREIGN 221", "CHECKPOINT_WRONG 0"] },
  },
  {
    part: "checkpoint",
    what: "note: signed by another key",
    change: (store) => store.journal(signAgain),
    found: { verify: ["CHECKPOINT_FOREIGN 221", "CHECKPOINT_WRONG 0"] },
  },
  checkpoint(
    "note: that of another size",
    `UPDATE checkpoint SET note = (SELECT note FROM checkpoint ORDER BY size LIMIT 1) WHERE size = ${SECOND}`,
    { verify: ["CHECKPOINT_WRONG 0", "CHECKPOINT_WRONG 221"] },
  ),
  checkpoint(
    "note: of another type",
    `UPDATE checkpoint SET note = 'note' WHERE size = ${SECOND}`,
    { verify: ["CHECKPOINT_FOREIGN 221", "CHECKPOINT_WRONG 0"] },
  ),
  checkpoint(
    "stored_at_ms: another",
    `UPDATE checkpoint SET stored_at_ms = stored_at_ms - 1 WHERE size = ${SECOND}`,
    { verify: ["CHECKPOINT_WRONG 0"] },
  ),
  checkpoint("row deleted", `DELETE FROM checkpoint WHERE size = ${SECOND}`, {
    verify: ["CHECKPOINT_WRONG 0"],
  }),
  checkpoint(
    "newest row deleted",
    "DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)",
    { verify: ["CHECKPOINT_WRONG 0"] },
  ),
  checkpoint(
    "rows swapped",
    `UPDATE checkpoint SET size = -1 WHERE size = 221; UPDATE checkpoint SET size = 221 WHERE size = 331;
     UPDATE checkpoint SET size = 331 WHERE size = -1`,
    { verify: ["CHECKPOINT_WRONG 0", "CHECKPOINT_WRONG 221", "CHECKPOINT_WRONG 331"] },
  ),
  checkpoint(
    "row doubled under a size beyond the end",
    `INSERT INTO checkpoint SELECT ${SIZE + 500}, note, stored_at_ms FROM checkpoint WHERE size = ${SECOND}`,
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN 1165"] },
  ),
];

export const treeCases: readonly TamperCase[] = [...tiles, ...checkpoints];
