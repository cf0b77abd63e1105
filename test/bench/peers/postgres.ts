// PostgreSQL with no integrity and no encryption: one table, a unique 32-byte key, one index over
// entities, fsync on. Loaded by COPY of binary files that the server reads itself, and by pgbench:
// both are its own C programs, so that no client of ours bounds it.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MadeFact } from "../facts.ts";
import { monotonicMs, type Slice } from "../measure.ts";
import {
  type Account,
  folderFor,
  PeerSkipped,
  runProgram,
  startProgram,
  unprivileged,
} from "./place.ts";

const BIN = "/usr/lib/postgresql/15/bin";
const COPY_ROWS = 10_000;
const PORT = 5432;
const START_TRIES = 100;
const START_WAIT_MS = 100;
/** Beyond its defaults: more memory than it asks for, and no checkpoint every few seconds. */
const SETTINGS = ["fsync=on", "listen_addresses=", "shared_buffers=512MB", "max_wal_size=4GB"];
const SCHEMA =
  "CREATE TABLE fact(cid bytea PRIMARY KEY, entity bytea NOT NULL, body bytea NOT NULL);" +
  "CREATE INDEX fact_entity ON fact(entity);";
// A new key each time, an entity for five of them, and a body as long as a fact.
const SINGLE = `\\set n random(1, 9000000000000000000)
INSERT INTO fact VALUES (sha256(int8send(:n::bigint)), sha256(int8send(:n::bigint / 5)), decode(repeat('a7', 300), 'hex'));
`;

export class Postgres {
  readonly #account: Account;
  readonly #folder: string;
  readonly #sockets: string;
  #server: ChildProcess | undefined;
  #files: string[] = [];

  constructor(parent: string) {
    if (!existsSync(join(BIN, "initdb"))) throw new PeerSkipped(`no PostgreSQL 15 in ${BIN}`);
    this.#account = unprivileged(["postgres", "nobody"]);
    this.#folder = folderFor(parent, "postgres", this.#account);
    // The path of a socket may have 107 bytes: the folder of the bench may be deeper.
    this.#sockets = mkdtempSync(join(tmpdir(), "pg-"));
    this.#own(this.#sockets);
  }

  async start(): Promise<void> {
    const data = join(this.#folder, "data");
    this.#run("initdb", ["-A", "trust", "-U", "bench", "-D", data, "--no-sync"]);
    const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
    const args = ["-D", data, "-k", this.#sockets, "-p", String(PORT), ...settings];
    this.#server = startProgram(join(BIN, "postgres"), args, {
      ...this.#account,
      cwd: this.#folder,
    });
    for (let tries = 0; ; tries++) {
      try {
        this.query("SELECT 1");
        break;
      } catch (reason) {
        if (tries >= START_TRIES) throw reason;
        await new Promise((resolve) => setTimeout(resolve, START_WAIT_MS));
      }
    }
    this.query(SCHEMA);
    writeFileSync(join(this.#folder, "single.sql"), SINGLE);
  }

  query(sql: string): string {
    return this.#run("psql", [
      "-XAtq",
      "-v",
      "ON_ERROR_STOP=1",
      "-d",
      "postgres",
      "-c",
      sql,
    ]).trim();
  }

  get rows(): number {
    return Number(this.query("SELECT count(*) FROM fact"));
  }

  /** Writes the files that copy() loads. */
  prepare(facts: readonly MadeFact[]): void {
    this.#files = [];
    for (let at = 0; at < facts.length; at += COPY_ROWS) {
      const path = join(this.#folder, `rows-${at}`);
      writeFileSync(path, copyFile(facts.slice(at, at + COPY_ROWS)));
      this.#own(path);
      this.#files.push(path);
    }
  }

  /** One transaction for each file of 10,000 rows. */
  copy(): void {
    const copies = this.#files.flatMap((path) => [
      "-c",
      `COPY fact FROM '${path}' WITH (FORMAT binary)`,
    ]);
    this.#run("psql", ["-Xq", "-v", "ON_ERROR_STOP=1", "-d", "postgres", ...copies]);
  }

  /** Commits of one row each; pgbench's own rate, without the time that connecting takes. */
  singles(count: number, clients: number): Slice {
    const script = join(this.#folder, "single.sql");
    const each = String(Math.ceil(count / clients));
    const load = [
      "-n",
      "-M",
      "prepared",
      "-f",
      script,
      "-c",
      String(clients),
      "-j",
      "2",
      "-t",
      each,
    ];
    const out = this.#run("pgbench", [...load, "postgres"]);
    const rate = Number(/tps = ([\d.]+)/.exec(out)?.[1]);
    if (!(rate > 0)) throw new Error(`pgbench said no rate: ${out}`);
    const units = Number(each) * clients;
    const endedAt = monotonicMs();
    return { units, startedAt: endedAt - (units * 1000) / rate, endedAt };
  }

  async stop(): Promise<void> {
    if (this.#server && this.#server.exitCode === null) {
      // SIGINT is its fast shutdown.
      this.#server.kill("SIGINT");
      await once(this.#server, "exit");
    }
    rmSync(this.#sockets, { recursive: true, force: true });
  }

  #run(program: string, args: readonly string[]): string {
    const env = {
      PATH: process.env.PATH,
      PGHOST: this.#sockets,
      PGPORT: String(PORT),
      PGUSER: "bench",
    };
    return runProgram(join(BIN, program), args, { ...this.#account, cwd: this.#folder, env });
  }

  #own(path: string): void {
    const { uid, gid } = this.#account;
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  }
}

/** The binary format of COPY: a header, rows of length and bytes, and an end. */
function copyFile(facts: readonly MadeFact[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)];
  for (const { cid, entity, bytes } of facts) {
    const columns = [cid, Buffer.from(entity), bytes];
    parts.push(int16(columns.length));
    for (const column of columns) parts.push(int32(column.length), column);
  }
  parts.push(int16(-1));
  return Buffer.concat(parts);
}

function int16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
