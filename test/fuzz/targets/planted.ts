// Parsers with a fault that only a watchdog can see, for the fuzzer's own test.
import { utf8 } from "@strongroom/protocol";
import { byteMutators } from "../mutate/bytes.ts";
import type { Target } from "../target.ts";

/** The input that goes wrong, counted from 0; the valid one comes before all. */
const WRONG_INPUT = 5;

function plantedTarget(name: string, goWrong: () => void): Target {
  let inputs = -1;
  return {
    name,
    seeds: [utf8("valid")],
    mutators: byteMutators,
    codes: [],
    check() {
      if (inputs++ === WRONG_INPUT) goWrong();
      return "accepted";
    },
  };
}

export function hangingTarget(): Target {
  return plantedTarget("planted-hang", () => {
    for (;;);
  });
}

export function growingTarget(): Target {
  return plantedTarget("planted-growth", () => {
    const kept: number[][] = [];
    for (;;) kept.push(new Array<number>(1000).fill(kept.length));
  });
}
