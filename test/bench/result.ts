// One line of the table, and how the usual ones are made from two sides that ran in turns.
import { type Comparison, compare, rateOf, type Slice } from "./measure.ts";

export type Target = { atLeast: number } | { atMost: number };

export interface Result {
  case: string;
  what: string;
  unit: string;
  ours: number;
  floor: number;
  /** What the floor is. */
  against: string;
  ratio: number;
  /** Undefined where a number is only reported. */
  target?: Target;
  /** Said in place of the target, or beside it where there is none. */
  note?: string;
  /** Rates of each slice, units per second. */
  slices?: { ours: number[]; floor: number[] };
}

interface Row {
  case: string;
  what: string;
  unit: string;
  against: string;
  target?: Target;
  note?: string;
}

/** Rate over rate: more is better. */
export function asRate(row: Row, ours: readonly Slice[], floor: readonly Slice[]): Result {
  return { ...row, ...compare(ours, floor), slices: ratesOf(ours, floor) };
}

/** Time over time: less is better; the figures stay rates. */
export function asTime(row: Row, ours: readonly Slice[], floor: readonly Slice[]): Result {
  const { ratio, ...rates }: Comparison = compare(ours, floor);
  return { ...row, ...rates, ratio: 1 / ratio, slices: ratesOf(ours, floor) };
}

/** A number by itself. */
export function reported(row: Omit<Row, "against" | "target">, ours: number): Result {
  return { ...row, ours, floor: Number.NaN, against: "", ratio: Number.NaN };
}

/** A number over another. */
export function asRatio(row: Row, ours: number, floor: number): Result {
  return { ...row, ours, floor, ratio: ours / floor };
}

function ratesOf(ours: readonly Slice[], floor: readonly Slice[]): NonNullable<Result["slices"]> {
  const rates = (slices: readonly Slice[]) => slices.map((slice) => Math.round(rateOf(slice)));
  return { ours: rates(ours), floor: rates(floor) };
}
