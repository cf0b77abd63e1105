// What must have happened on disk before an append is answered, watched from outside; and what a
// clock that goes back must not do to the log.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseCheckpoint, parseLeaf, parseNote } from "@strongroom/protocol";
import { openStore } from "@strongroom/store";
import { checkStore } from "../support/check-store.ts";
import { madeFact } from "../support/made-facts.ts";
import { openJournal, readAnchor } from "../support/open-closed-store.ts";
import { root } from "../support/root.ts";
import { type StorePlace, storePlace, temporaryFolder } from "../support/test-store.ts";

const APPENDS = 5;
const noStrace =
  spawnSync("strace", ["-V"]).status === 0 ? false : "strace is not installed on this machine";

/** A process that appends one fact after another, and says so by opening a file of that name. */
const appender = ({ path, cipher, key }: StorePlace, marks: string): string => `
  import { openSync, closeSync } from "node:fs";
  import { openStore } from "@strongroom/store";
  const key = ${typeof key === "string" ? JSON.stringify(key) : `Uint8Array.from([${[...key].join()}])`};
  const store = await openStore({ path: ${JSON.stringify(path)}, cipher: "${cipher}", key });
  const mark = (name) => closeSync(openSync(${JSON.stringify(marks)} + "/" + name, "w"));
  mark("answered-0");
  for (let n = 1; n <= ${APPENDS}; n++) {
    const value = { case: "text", value: "value " + n };
    await store.append({ scope: "test/a", entity: "e", relation: "r", value });
    mark("answered-" + n);
  }
  await store.close();`;

/** Calls of open, fsync and fdatasync between one answer and the next. */
function callsBefore(trace: string, answer: number): string {
  const from = trace.indexOf(`answered-${answer - 1}`);
  const until = trace.indexOf(`answered-${answer}`);
  assert.ok(from > 0 && until > from, `answer ${answer} is not in the trace`);
  return trace.slice(from, until);
}

function tracedAppends(place: StorePlace, marks: string): string {
  const trace = join(marks, "trace");
  const calls = ["-f", "-y", "-s", "4096", "-e", "trace=openat,fsync,fdatasync", "-o", trace];
  const program = ["--input-type=module", "-e", appender(place, marks)];
  const { status, stderr } = spawnSync("strace", [...calls, process.execPath, ...program], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return readFileSync(trace, "utf8");
}

test("the journal is synced before an append is answered", { skip: noStrace }, (t) => {
  const trace = tracedAppends(storePlace(t), temporaryFolder(t));
  for (let n = 1; n <= APPENDS; n++) {
    assert.match(callsBefore(trace, n), /f(data)?sync\(\d+<[^>]*journal\.db-wal>/, `append ${n}`);
  }
});

test("the head anchor is synced before an append is answered", { skip: noStrace }, (t) => {
  const trace = tracedAppends(storePlace(t), temporaryFolder(t));
  for (let n = 1; n <= APPENDS; n++) {
    const calls = callsBefore(trace, n);
    const journal = calls.search(/f(data)?sync\(\d+<[^>]*journal\.db-wal>/);
    const anchor = calls.search(/f(data)?sync\(\d+<[^>]*head\.anchor>/);
    assert.ok(anchor > journal && journal >= 0, `append ${n}: ${calls}`);
  }
});

test("the head is anchored before an append is answered", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  for (let n = 0; n < 20; n++) {
    const { results, treeSize } = await store.appendBatch([{ bytes: madeFact(n) }]);
    assert.equal(results[0]?.error, undefined);
    const note = readAnchor(join(place.path, "head.anchor"))?.note ?? new Uint8Array();
    assert.ok(parseCheckpoint(parseNote(note).text).size >= BigInt(treeSize), `append ${n}`);
  }
  await store.close();
});

test("times of the log never decrease when the clock goes back", (t) => {
  const place = storePlace(t);
  const folder = temporaryFolder(t);
  const [clock, offset] = [join(folder, "clock.cjs"), join(folder, "offset")];
  // Loaded by every thread of the process.
  writeFileSync(
    clock,
    `const real = Date.now; const { readFileSync } = require("node:fs");
     Date.now = () => real() + Number(readFileSync(${JSON.stringify(offset)}, "utf8"));`,
  );
  writeFileSync(offset, "0");
  const setClock = `${JSON.stringify(offset)}, String((n % 2) * -86_400_000)`;
  const program = appender(place, folder)
    .replace("openSync, closeSync", "openSync, closeSync, writeFileSync")
    .replace("const value =", `writeFileSync(${setClock}); const value =`);
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: `--require ${clock}` },
  });
  assert.equal(status, 0, stderr);
  assert.ok(existsSync(join(folder, `answered-${APPENDS}`)));
  const db = openJournal(place.path, place.rawKey);
  const leaves = db.prepare('SELECT leaf FROM entry ORDER BY "index"').pluck().all() as Buffer[];
  db.close();
  const times = leaves.map((leaf) => parseLeaf(new Uint8Array(leaf)).timeUnixMs);
  assert.equal(times.length, APPENDS + 1);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => Number(a - b)),
  );
  checkStore(place.path, place.rawKey);
});
