/** A place to sleep until a time or until somebody calls. A call while nobody sleeps is kept. */
export class WakeUp {
  #called = false;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  call(): void {
    this.#called = true;
    this.#wake?.();
  }

  /** Calls within so many ms; the earliest of several such calls is the one that counts. */
  callWithin(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (atMs >= this.#timerAtMs) return;
    this.cancel();
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.call();
    }, delayMs);
  }

  /** Forgets the call that is to come. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  async wait(delayMs: number): Promise<void> {
    if (!this.#called) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delayMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#called = false;
  }
}
