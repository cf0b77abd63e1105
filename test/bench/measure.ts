// Ours and a floor in turns (A B A B …), so that whatever the machine does hits both alike.

export interface Sides {
  /** One slice of our own work; resolves to units per second. */
  ours(slice: number): Promise<number>;
  /** One slice of the floor's work, as much as ours. */
  floor(slice: number): Promise<number>;
}

export interface Rates {
  ours: number;
  floor: number;
  /** Median of the slices' own ratios: each pair ran side by side. */
  ratio: number;
  slices: [ours: number, floor: number][];
}

/** Medians over `slices` pairs; the first pair only warms up where `warmUp` is set. */
export async function interleave(sides: Sides, slices: number, warmUp = true): Promise<Rates> {
  const pairs: [number, number][] = [];
  for (let slice = 0; slice < slices + (warmUp ? 1 : 0); slice++) {
    // Who goes first changes from pair to pair.
    const oursFirst = slice % 2 === 0;
    const before = oursFirst ? await sides.ours(slice) : await sides.floor(slice);
    const after = oursFirst ? await sides.floor(slice) : await sides.ours(slice);
    pairs.push(oursFirst ? [before, after] : [after, before]);
  }
  if (warmUp) pairs.shift();
  return {
    ours: median(pairs.map(([ours]) => ours)),
    floor: median(pairs.map(([, floor]) => floor)),
    ratio: median(pairs.map(([ours, floor]) => ours / floor)),
    slices: pairs,
  };
}

/** Runs `work` and returns its units per second. */
export async function rateOf(units: number, work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (units * 1000) / (performance.now() - startedAt);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
