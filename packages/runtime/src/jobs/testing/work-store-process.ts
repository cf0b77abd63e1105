// A small store of work, for the tests of the drivers: a program of its own behind a socket that
// can be killed and started again. It speaks JSON lines; every change is in its file first.
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface Row {
  id: string;
  attempts: number;
  dueAtMs: number;
  token: string;
  leasedUntilMs: number;
  done: boolean;
  /** What the outside got, and what was accepted and refused of results. */
  submissions: number;
  completions: number;
  refused: number;
}

interface Request {
  n: number;
  op: string;
  id?: string;
  ids?: string[];
  limit?: number;
  leaseMs?: number;
  inMs?: number;
  token?: string;
}

const [file = "", port = "0"] = process.argv.slice(2);
const rows = new Map<string, Row>();
const watchers = new Map<Socket, Set<number>>();
let leaseCalls = 0;

if (existsSync(file)) {
  for (const line of readFileSync(file, "utf8").trim().split("\n").filter(Boolean)) {
    const row = JSON.parse(line) as Row;
    rows.set(row.id, row);
  }
}

const operations: Record<string, (request: Request) => unknown> = {
  put: ({ ids = [], inMs = 0 }) => {
    const fresh = { attempts: 0, token: "", leasedUntilMs: 0, done: false };
    const counted = { submissions: 0, completions: 0, refused: 0 };
    change(ids.map((id) => ({ id, dueAtMs: now() + inMs, ...fresh, ...counted })));
    return {};
  },
  lease: ({ ids, limit = 1, leaseMs = 1000 }) => {
    leaseCalls += 1;
    const open = [...rows.values()].filter(({ done }) => !done);
    const asked = ids === undefined ? open : open.filter(({ id }) => ids.includes(id));
    const free = asked.filter((row) => readyAtMs(row) <= now()).slice(0, limit);
    for (const row of free) {
      row.attempts += 1;
      row.token = randomBytes(8).toString("hex");
      row.leasedUntilMs = now() + leaseMs;
    }
    change(free);
    const next = Math.min(...open.map(readyAtMs));
    return { leases: free, ...(open.length === 0 ? {} : { nextDueInMs: next - now() }) };
  },
  submit: ({ id }) =>
    update(id, (row) => {
      row.submissions += 1;
    }),
  complete: ({ id, token }) =>
    finish(id, token, (row) => {
      row.done = true;
      row.completions += 1;
    }),
  fail: ({ id, token, inMs = 0 }) =>
    finish(id, token, (row) => {
      row.dueAtMs = now() + inMs;
    }),
  stats: () => ({ rows: [...rows.values()], leaseCalls }),
};

const server = createServer((socket) => {
  socket.on("error", () => {}).on("close", () => watchers.delete(socket));
  createInterface({ input: socket })
    .on("error", () => {})
    .on("line", (line) => answer(socket, JSON.parse(line)));
});
server.listen(Number(port), "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as { port: number }).port}\n`);
});
setInterval(() => tell([]), 500);
// It ends with the test that started it.
process.stdin.on("end", () => process.exit(0)).resume();

function answer(socket: Socket, request: Request): void {
  const { n, op } = request;
  if (op === "watch") {
    watchers.set(socket, (watchers.get(socket) ?? new Set()).add(n));
    const open = [...rows.values()]
      .filter(({ done }) => !done)
      .sort((a, b) => readyAtMs(a) - readyAtMs(b));
    socket.write(`${JSON.stringify({ n, due: open.map(dueOf) })}\n`);
  } else if (op === "unwatch") watchers.get(socket)?.delete(n);
  else socket.write(`${JSON.stringify({ n, answer: operations[op]?.(request) })}\n`);
}

function update(id = "", edit: (row: Row) => void): unknown {
  const row = rows.get(id);
  if (row === undefined) return { error: "NOT_FOUND" };
  edit(row);
  change([row]);
  return {};
}

function finish(
  id: string | undefined,
  token: string | undefined,
  edit: (row: Row) => void,
): unknown {
  const isHeld = (row: Row) => row.token === token && row.leasedUntilMs > now() && !row.done;
  let isLate = false;
  const found = update(id, (row) => {
    isLate = !isHeld(row);
    if (isLate) row.refused += 1;
    else edit(Object.assign(row, { leasedUntilMs: 0, token: "" }));
  });
  return isLate ? { error: "LEASE_LOST" } : found;
}

function change(changed: Row[]): void {
  for (const row of changed) rows.set(row.id, row);
  if (changed.length === 0) return;
  appendFileSync(file, changed.map((row) => `${JSON.stringify(row)}\n`).join(""));
  tell(changed.filter(({ done }) => !done));
}

function tell(changed: Row[]): void {
  for (const [socket, numbers] of watchers) {
    for (const n of numbers) socket.write(`${JSON.stringify({ n, due: changed.map(dueOf) })}\n`);
  }
}

function dueOf(row: Row) {
  return { id: row.id, attempt: row.attempts + 1, dueInMs: readyAtMs(row) - now() };
}

function readyAtMs(row: Row): number {
  return Math.max(row.dueAtMs, row.leasedUntilMs);
}

function now(): number {
  return Date.now();
}
