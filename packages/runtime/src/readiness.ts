/**
 * Whether the process should get work. It is ready when every named condition holds; each one
 * starts as not holding, so that a condition nobody reported yet keeps the process unready.
 */
export class Readiness {
  readonly #reasons = new Map<string, string>();
  readonly #notes = new Map<string, string>();
  readonly #listeners = new Set<(ready: boolean) => void>();

  constructor(conditions: readonly string[]) {
    for (const name of conditions) this.#reasons.set(name, "starting");
  }

  get ready(): boolean {
    return this.#reasons.size === 0;
  }

  /** What still does not hold, by condition, with its reason. */
  get reasons(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#reasons);
  }

  /** What a prober should know although it changes nothing, by name. */
  get notes(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#notes);
  }

  note(name: string, value: string): void {
    this.#notes.set(name, value);
  }

  meet(condition: string): void {
    this.#change(() => this.#reasons.delete(condition));
  }

  fail(condition: string, reason: string): void {
    this.#change(() => this.#reasons.set(condition, reason));
  }

  /** Calls back on every change between ready and not ready. */
  onChange(listener: (ready: boolean) => void): void {
    this.#listeners.add(listener);
  }

  #change(edit: () => void): void {
    const before = this.ready;
    edit();
    if (this.ready === before) return;
    for (const listener of this.#listeners) listener(this.ready);
  }
}
