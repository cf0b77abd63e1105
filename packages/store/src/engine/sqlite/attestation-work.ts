// state.db's work on attestations: rows and statements, no rules. See attest/work-queue.ts.
import type Database from "better-sqlite3-multiple-ciphers";
import type {
  AttestationState,
  FailureClass,
  Target,
  TargetKind,
} from "../../attest/attestation-types.ts";

export interface WorkRow {
  id: number;
  size: number;
  target: string;
  kind: TargetKind;
  state: AttestationState;
  attempts: number;
  created_at_ms: number;
  scheduled_at_ms: number;
  due_at_ms: number;
  lease_token: Uint8Array | null;
  leased_at_ms: number | null;
  leased_until_ms: number | null;
  worker: string;
  /** Token under which the last attempt ended: its result may be repeated. */
  done_token: Uint8Array | null;
  failure: FailureClass | null;
  error: string;
  server_errors: number;
  conflicts: number;
  request: Uint8Array | null;
  request_leaf_hash: Uint8Array | null;
  attested_at_ms: number | null;
  log_id: string | null;
  log_index: number | null;
  signed_at_ms: number | null;
}

export interface TargetRow {
  name: string;
  kind: TargetKind;
  asked_at_ms: number;
  attested_size: number;
  last_success_ms: number;
  /** Failures in a row. */
  streak: number;
  scheduled_at_ms: number;
  /** Until then the target is left alone. */
  not_before_ms: number;
}

type Value = string | number | Uint8Array | null;

export class SqliteAttestationWork {
  readonly #db: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** All or nothing; may be nested. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work).immediate();
  }

  targets(): TargetRow[] {
    return this.#all("SELECT * FROM target ORDER BY name");
  }

  target(name: string): TargetRow | undefined {
    return this.#get("SELECT * FROM target WHERE name = ?", name);
  }

  insertTarget({ name, kind }: Target, nowMs: number): void {
    this.#run("INSERT INTO target(name, kind, asked_at_ms) VALUES (?, ?, ?)", name, kind, nowMs);
  }

  updateTarget(row: TargetRow): void {
    this.#run(
      "UPDATE target SET asked_at_ms = ?, attested_size = ?, last_success_ms = ?, streak = ?, scheduled_at_ms = ?, not_before_ms = ? WHERE name = ?",
      ...[row.asked_at_ms, row.attested_size, row.last_success_ms, row.streak],
      ...[row.scheduled_at_ms, row.not_before_ms, row.name],
    );
  }

  row(id: number): WorkRow | undefined {
    return this.#get("SELECT * FROM attestation_work WHERE id = ?", id);
  }

  rowOf(target: string, size: number): WorkRow | undefined {
    return this.#get("SELECT * FROM attestation_work WHERE target = ? AND size = ?", target, size);
  }

  insert(work: { target: Target; size: number; nowMs: number }): number {
    const { target, size, nowMs } = work;
    const { lastInsertRowid } = this.#statement(
      "INSERT INTO attestation_work(size, target, kind, state, created_at_ms, scheduled_at_ms, due_at_ms) VALUES (?, ?, ?, 'pending', ?, ?, ?)",
    ).run(size, target.name, target.kind, nowMs, nowMs, nowMs);
    return Number(lastInsertRowid);
  }

  update(row: WorkRow): void {
    this.#statement(
      `UPDATE attestation_work SET state = @state, attempts = @attempts,
       scheduled_at_ms = @scheduled_at_ms, due_at_ms = @due_at_ms, lease_token = @lease_token,
       leased_at_ms = @leased_at_ms, leased_until_ms = @leased_until_ms, worker = @worker,
       done_token = @done_token, failure = @failure, error = @error,
       server_errors = @server_errors, conflicts = @conflicts, request = @request,
       request_leaf_hash = @request_leaf_hash, attested_at_ms = @attested_at_ms,
       log_id = @log_id, log_index = @log_index, signed_at_ms = @signed_at_ms WHERE id = @id`,
    ).run(row);
  }

  newestSize(target: string): number {
    const sql = "SELECT max(size) AS size FROM attestation_work WHERE target = ?";
    return this.#get<{ size: number | null }>(sql, target)?.size ?? 0;
  }

  /** In order of size; those that a worker holds are among them. */
  open(target: string, state: "pending" | "sent", range: { after: number; limit: number }) {
    return this.#all<WorkRow>(
      "SELECT * FROM attestation_work WHERE target = ? AND state = ? AND size > ? ORDER BY size LIMIT ?",
      ...[target, state, range.after, range.limit],
    );
  }

  /** The oldest one that a worker holds. */
  leased(target: string, nowMs: number): WorkRow | undefined {
    return this.#get(
      "SELECT * FROM attestation_work WHERE target = ? AND lease_token IS NOT NULL AND leased_until_ms > ? ORDER BY size LIMIT 1",
      ...[target, nowMs],
    );
  }

  /** Due and free, in order of size. */
  due(target: string, state: "pending" | "sent", range: { nowMs: number; limit: number }) {
    return this.#all<WorkRow>(
      "SELECT * FROM attestation_work WHERE target = ? AND state = ? AND due_at_ms <= ? AND coalesce(leased_until_ms, 0) <= ? ORDER BY size LIMIT ?",
      ...[target, state, range.nowMs, range.nowMs, range.limit],
    );
  }

  /** When the next of the open ones is due or free. */
  nextDueMs(target: string): number | undefined {
    const sql =
      "SELECT min(max(due_at_ms, coalesce(leased_until_ms, 0))) AS due FROM attestation_work WHERE target = ? AND state IN ('pending', 'sent')";
    return this.#get<{ due: number | null }>(sql, target)?.due ?? undefined;
  }

  /** Ends what was never sent, is held by nobody, and lies below a size. */
  supersede(target: string, below: number, nowMs: number): number {
    return this.#run(
      "UPDATE attestation_work SET state = 'superseded', lease_token = NULL WHERE target = ? AND state = 'pending' AND size < ? AND coalesce(leased_until_ms, 0) <= ?",
      ...[target, below, nowMs],
    );
  }

  /** Forgets what is over, but for the newest `keep`. */
  prune(target: string, state: "attested" | "superseded", keep: number): void {
    this.#run(
      "DELETE FROM attestation_work WHERE target = ? AND state = ? AND size < (SELECT size FROM attestation_work WHERE target = ? AND state = ? ORDER BY size DESC LIMIT 1 OFFSET ?)",
      ...[target, state, target, state, keep],
    );
  }

  /** After a jump back of the clock: what was to wait waits as long again, and not for ever. */
  rewind(nowMs: number): void {
    this.#run(
      "UPDATE attestation_work SET due_at_ms = ? + (due_at_ms - scheduled_at_ms), scheduled_at_ms = ? WHERE scheduled_at_ms > ? AND state IN ('pending', 'sent')",
      ...[nowMs, nowMs, nowMs],
    );
    this.#run(
      "UPDATE attestation_work SET leased_until_ms = ? + (leased_until_ms - leased_at_ms), leased_at_ms = ? WHERE leased_at_ms > ? AND lease_token IS NOT NULL",
      ...[nowMs, nowMs, nowMs],
    );
    this.#run(
      "UPDATE target SET not_before_ms = ? + (not_before_ms - scheduled_at_ms), scheduled_at_ms = ? WHERE scheduled_at_ms > ?",
      ...[nowMs, nowMs, nowMs],
    );
  }

  /** Newest first. */
  list(page: {
    below: number;
    limit: number;
    states: readonly AttestationState[];
    target: string | undefined;
  }): WorkRow[] {
    const marks = page.states.map(() => "?").join(", ");
    const inState = marks === "" ? "" : `AND state IN (${marks})`;
    const ofTarget = page.target === undefined ? "" : "AND target = ?";
    return this.#all(
      `SELECT * FROM attestation_work WHERE id < ? ${inState} ${ofTarget} ORDER BY id DESC LIMIT ?`,
      ...[page.below, ...page.states, ...(page.target === undefined ? [] : [page.target])],
      page.limit,
    );
  }

  count(target: string, states: readonly AttestationState[]): { count: number; oldest?: number } {
    const marks = states.map(() => "?").join(", ");
    const sql = `SELECT count(*) AS count, min(created_at_ms) AS oldest FROM attestation_work WHERE target = ? AND state IN (${marks})`;
    const found = this.#get<{ count: number; oldest: number | null }>(sql, target, ...states);
    const { count = 0, oldest } = found ?? {};
    return { count, ...(oldest === null || oldest === undefined ? {} : { oldest }) };
  }

  insertEvidence(evidence: {
    work: number;
    atMs: number;
    message: string;
    digest: Uint8Array;
    answer: Uint8Array;
  }): void {
    const { work, atMs, message, digest, answer } = evidence;
    this.#run(
      "INSERT INTO attestation_evidence(work, at_ms, message, digest, answer) VALUES (?, ?, ?, ?, ?)",
      ...[work, atMs, message, digest, answer],
    );
  }

  countEvidence(): number {
    const sql = "SELECT count(*) AS count FROM attestation_evidence WHERE length(answer) > 0";
    return this.#get<{ count: number }>(sql)?.count ?? 0;
  }

  #all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #run(sql: string, ...values: Value[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
