// Which checkpoint is offered to which target, and what gives way to it. Bounded: rows of what is
// over are forgotten, the newest of each target last.
import type {
  SqliteAttestationWork,
  TargetRow,
  WorkRow,
} from "../engine/sqlite/attestation-work.ts";
import { StoreError } from "../errors.ts";
import type { Target } from "./attestation-types.ts";
import type { RetrySettings } from "./schedule.ts";

export interface WorkSettings extends RetrySettings {
  /** A newer checkpoint takes the place of those that were never sent. */
  supersede: boolean;
}

const TARGETS_MAX = 1000;
const KEPT_OF_EACH = { attested: 10_000, superseded: 1000 } as const;

export class OfferedWork {
  readonly #rows: SqliteAttestationWork;
  readonly #settings: WorkSettings;

  constructor(rows: SqliteAttestationWork, settings: WorkSettings) {
    this.#rows = rows;
    this.#settings = settings;
  }

  know(target: Target, newestSize: number, nowMs: number): WorkRow[] {
    const known = this.#rows.target(target.name);
    if (known && known.kind !== target.kind) {
      throw new StoreError("INVALID_ARGUMENT", `target ${target.name} is known as a ${known.kind}`);
    }
    if (known) this.#rows.updateTarget({ ...known, asked_at_ms: nowMs });
    else this.insertTarget(target, nowMs);
    return newestSize > 0 ? this.offerTo(target, [newestSize], nowMs) : [];
  }

  insertTarget(target: Target, nowMs: number): void {
    if (this.#rows.targets().length >= TARGETS_MAX) {
      throw new StoreError("LIMIT_EXCEEDED", `know a target: there are ${TARGETS_MAX} already`);
    }
    this.#rows.insertTarget(target, nowMs);
  }

  offerTo(target: Target, sizes: readonly number[], nowMs: number): WorkRow[] {
    const from = this.#rows.newestSize(target.name);
    const fresh = sizes.filter((size) => size > from);
    const wanted = this.#settings.supersede ? fresh.slice(-1) : fresh;
    if (wanted.length === 0) return [];
    const ids = wanted.map((size) => this.#rows.insert({ target, size, nowMs }));
    this.supersede(target, nowMs);
    this.prune(target.name);
    return ids.flatMap((id) => this.#rows.row(id) ?? []);
  }

  supersede(target: Target, nowMs: number): void {
    if (!this.#settings.supersede) return;
    this.#rows.supersede(target.name, this.#rows.newestSize(target.name), nowMs);
  }

  prune(target: string): void {
    this.#rows.prune(target, "attested", KEPT_OF_EACH.attested);
    this.#rows.prune(target, "superseded", KEPT_OF_EACH.superseded);
  }

  requireTarget(name: string): TargetRow {
    const target = this.#rows.target(name);
    if (target) return target;
    throw new StoreError("NOT_FOUND", `target ${name}: no worker has asked for it`);
  }
}
