// Scope chains: each entry of a scope names the evidence of the one before it there. A range links
// what it can itself and hands on the rest; ranges are then joined in order.
import { equalBytes } from "@strongroom/protocol";
import type { CheckedEntry } from "./entry-check.ts";
import { type ChainEnd, NO_BYTES, type OpenLink } from "./range-report.ts";

type Report = (index: number, message: string) => void;

/** The chains within one range. */
export class RangeChains {
  readonly openLinks: OpenLink[] = [];
  readonly #ends = new Map<string, ChainEnd>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  add(entry: CheckedEntry): void {
    const { link, index, evidence } = entry;
    if (entry.isBroken) this.break(entry.scope);
    if (!link) return;
    const { scopeIndex, scopePrevious } = link;
    const end =
      entry.scope === undefined
        ? findByEvidence(this.#ends.values(), scopePrevious)
        : this.#ends.get(entry.scope);
    const scope = entry.scope ?? end?.scope;
    if (!end) this.openLinks.push({ index, scope, scopeIndex, scopePrevious, evidence });
    else if (!follows(end, link))
      this.#report(index, "it does not follow the entry before it in its scope");
    if (scope !== undefined) this.#ends.set(scope, { scope, scopeIndex, evidence });
  }

  /** After an entry that does not hold: its successor cannot be held against it. */
  break(scope: string | undefined): void {
    if (scope === undefined) return;
    this.#ends.set(scope, { scope, scopeIndex: Number.NaN, evidence: NO_BYTES });
  }

  get ends(): ChainEnd[] {
    return [...this.#ends.values()];
  }
}

/** Joins ranges, in order. */
export class ChainJoin {
  readonly #ends = new Map<string, ChainEnd>();
  readonly #report: Report;
  /** Whether the log was read from its start; otherwise an unknown predecessor is no finding. */
  readonly #isWhole: boolean;
  /** Chains whose name nothing tells, by their newest evidence. */
  #nameless: ChainEnd[] = [];

  constructor(isWhole: boolean, report: Report) {
    this.#isWhole = isWhole;
    this.#report = report;
  }

  add(openLinks: readonly OpenLink[], ends: readonly ChainEnd[]): void {
    for (const link of openLinks) this.#join(link);
    for (const end of ends) this.#ends.set(end.scope, end);
  }

  #join(link: OpenLink): void {
    const end = this.#endBefore(link);
    const isStart = link.scopeIndex === 0 && link.scopePrevious.every((byte) => byte === 0);
    const isLinked = end ? follows(end, link) : isStart || !this.#isWhole;
    if (!isLinked) this.#report(link.index, "it does not follow the entry before it in its scope");
    const { scopeIndex, evidence } = link;
    const scope = link.scope ?? end?.scope;
    this.#nameless = this.#nameless.filter((one) => one !== end);
    if (scope) this.#ends.set(scope, { scope, scopeIndex, evidence });
    else if (link.scope === "") this.#ends.set("", { scope: "", scopeIndex, evidence });
    else this.#nameless.push({ scope: "", scopeIndex, evidence });
  }

  #endBefore(link: OpenLink): ChainEnd | undefined {
    const named = link.scope === undefined ? undefined : this.#ends.get(link.scope);
    if (named) return named;
    const nameless = findByEvidence(this.#nameless, link.scopePrevious);
    if (nameless || link.scope !== undefined) return nameless;
    return findByEvidence(this.#ends.values(), link.scopePrevious);
  }
}

function follows(end: ChainEnd, link: { scopeIndex: number; scopePrevious: Uint8Array }): boolean {
  if (Number.isNaN(end.scopeIndex)) return true;
  return link.scopeIndex === end.scopeIndex + 1 && equalBytes(link.scopePrevious, end.evidence);
}

function findByEvidence(ends: Iterable<ChainEnd>, evidence: Uint8Array): ChainEnd | undefined {
  for (const end of ends) if (equalBytes(end.evidence, evidence)) return end;
  return undefined;
}
