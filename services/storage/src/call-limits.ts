// How much may run at once, in units of AccessRule.weight, for the server and for each principal.
import { StoreError } from "@strongroom/store";

export interface CallLimitsOptions {
  serverMax: number;
  principalMax: number;
}

export class CallLimits {
  readonly #options: CallLimitsOptions;
  readonly #byPrincipal = new Map<string, number>();
  #total = 0;

  constructor(options: CallLimitsOptions) {
    this.#options = options;
  }

  get total(): number {
    return this.#total;
  }

  /** Returns what gives the units back, once. Throws OVERLOADED. */
  take(principal: string, weight: number): () => void {
    const held = this.#byPrincipal.get(principal) ?? 0;
    if (held + weight > this.#options.principalMax) {
      throw new StoreError("OVERLOADED", "admit call: too many calls of this principal at once");
    }
    if (this.#total + weight > this.#options.serverMax) {
      throw new StoreError("OVERLOADED", "admit call: too many calls at once");
    }
    this.#byPrincipal.set(principal, held + weight);
    this.#total += weight;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#giveBack(principal, weight);
    };
  }

  #giveBack(principal: string, weight: number): void {
    this.#total -= weight;
    const left = (this.#byPrincipal.get(principal) ?? weight) - weight;
    if (left <= 0) this.#byPrincipal.delete(principal);
    else this.#byPrincipal.set(principal, left);
  }
}
