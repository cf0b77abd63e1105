// The time that a simulated store sees: it stands still unless the program moves it, so that a
// program gives the same log again, and may jump either way.
const realNow = Date.now;
let nowMs: number | undefined;

export const START_MS = Date.UTC(2026, 0, 15);

/** From here on every Date.now() of this isolate is the simulated time. */
export function startClock(): void {
  nowMs = START_MS;
  Date.now = () => nowMs ?? realNow();
}

export function moveClock(byMs: number): void {
  if (nowMs !== undefined) nowMs += byMs;
}

export function stopClock(): void {
  nowMs = undefined;
  Date.now = realNow;
}
