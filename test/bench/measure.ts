// Ours and a floor in turns (A B A B …), so that whatever the machine does hits both alike. What
// was timed is kept as windows of the monotonic clock: a profile counts only what fell into them.

/** One timed stretch of work. */
export interface Slice {
  units: number;
  /** Monotonic, in ms: the clock of process.hrtime, the same in every process of the machine. */
  startedAt: number;
  endedAt: number;
}

/** When a side of a row was being timed. */
export interface Window extends Slice {
  row: string;
  side: string;
}

export interface Comparison {
  ours: number;
  floor: number;
  /** Median of the rounds' own ratios: each pair ran side by side. */
  ratio: number;
}

const windows: Window[] = [];

/** Every timed stretch so far, warm-ups left out. */
export function timedWindows(): readonly Window[] {
  return windows;
}

/** Runs `work`, which does `units` of something. */
export async function timed(units: number, work: () => unknown): Promise<Slice> {
  const startedAt = monotonicMs();
  await work();
  return { units, startedAt, endedAt: monotonicMs() };
}

/** Units per second. */
export function rateOf({ units, startedAt, endedAt }: Slice): number {
  return (units * 1000) / (endedAt - startedAt);
}

/** Milliseconds per unit. */
export function msOf(slice: Slice): number {
  return 1000 / rateOf(slice);
}

export interface Rounds {
  row: string;
  count: number;
  /** Rounds before the first that counts. Default 1. */
  warmUp?: number;
  /** What is not timed: runs before each round. */
  prepare?(round: number): unknown;
}

type Sides<K extends string> = Record<K, (round: number) => Promise<Slice>>;

/** Every side once a round, another one first in each; resolves to the slices of each side. */
export async function inTurns<K extends string>(
  { row, count, warmUp = 1, prepare }: Rounds,
  sides: Sides<K>,
): Promise<Record<K, Slice[]>> {
  const names = Object.keys(sides) as K[];
  const slices = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    K,
    Slice[]
  >;
  for (let round = 0; round < count + warmUp; round++) {
    showProgress(row, round + 1, count + warmUp);
    await prepare?.(round);
    for (let turn = 0; turn < names.length; turn++) {
      const side = names[(round + turn) % names.length] as K;
      const slice = await sides[side](round);
      if (round < warmUp) continue;
      slices[side].push(slice);
      windows.push({ row, side, ...slice });
    }
  }
  return slices;
}

/** Medians of two sides that ran in turns; rates in units per second. */
export function compare(ours: readonly Slice[], floor: readonly Slice[]): Comparison {
  return {
    ours: median(ours.map(rateOf)),
    floor: median(floor.map(rateOf)),
    ratio: median(ours.map((slice, i) => rateOf(slice) / rateOf(floor[i] ?? slice))),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One line on a terminal, rewritten; nothing elsewhere. */
export function showProgress(what: string, done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  ${what} ${done}/${of}\r`);
}
