import { test } from "node:test";
import { killRepeatedly } from "./kills.ts";

const SEEDS = [11, 12, 13, 14];

for (const seed of SEEDS) {
  test(`sixty kills, seed ${seed}, keep every acknowledged fact once`, async (t) => {
    await killRepeatedly(t, { kills: 60, clients: 8, checkEvery: 15, seed });
  });
}
