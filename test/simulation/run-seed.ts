// One seed: its program, run once; and where it fails, the shortest program that fails.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { startClock, stopClock } from "./clock.ts";
import { InlineHost } from "./inline-host.ts";
import { ProcessHost } from "./process-host.ts";
import { type Program, programs } from "./program.ts";
import { runProgram } from "./run-program.ts";
import type { StoreHost, StorePlan } from "./store-host.ts";
import { keyOf } from "./world.ts";

export type Cipher = StorePlan["cipher"];
export const ciphers: readonly Cipher[] = ["aegis256", "sqlcipher", "chacha20", "none"];

export interface SeedOptions {
  /** Default: by the seed, all four. */
  cipher?: Cipher;
  /** In a process of its own, with real threads, killed by SIGKILL. Default: every 50th seed. */
  process?: boolean;
  /** How long a failing program may be shortened. */
  shrinkMs?: number;
}

export interface SeedResult {
  seed: number;
  cipher: Cipher;
  process: boolean;
  ms: number;
  counts: Record<string, number>;
  failure?: { message: string; program: Program; shrinks: number; hangs: boolean };
}

/** A busy machine may give a program little time, so what counts first is what it used itself. */
const HANGS_AFTER_CPU_MS = 60_000;
const HANGS_AFTER_MS = 900_000;
const SHRINK_MS = 120_000;
const BY_SEED: readonly Cipher[] = [
  "none",
  "aegis256",
  "none",
  "chacha20",
  "none",
  "aegis256",
  "none",
  "sqlcipher",
];

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const cipher = options.cipher ?? BY_SEED[seed % BY_SEED.length] ?? "none";
  const inProcess = options.process ?? seed % 50 === 49;
  const startedAt = performance.now();
  let counts = new Map<string, number>();
  let hangs = false;
  let shrinkUntil = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(programs, async (program) => {
    // When the time is up the shorter programs pass unseen, which ends the search for one.
    if (performance.now() > shrinkUntil) return;
    try {
      counts = await runOnce(program, { seed, cipher, inProcess });
    } catch (reason) {
      // A program that hangs goes on in this isolate: nothing else may run beside it.
      hangs ||= reason instanceof Hangs;
      const untilMs = performance.now() + (options.shrinkMs ?? SHRINK_MS);
      shrinkUntil = hangs ? 0 : Math.min(shrinkUntil, untilMs);
      throw reason;
    }
  });
  const details = await fc.check(property, { seed, numRuns: 1 });
  const { counterexample, errorInstance, numShrinks } = details;
  if (counts.size === 0 && !counterexample) throw new Error(`seed ${seed} did not run`);
  const ms = Math.round(performance.now() - startedAt);
  const result = { seed, cipher, process: inProcess, ms, counts: Object.fromEntries(counts) };
  if (!counterexample) return result;
  const message = errorInstance instanceof Error ? (errorInstance.stack ?? "") : "no message";
  return {
    ...result,
    failure: { message, program: counterexample[0], shrinks: numShrinks, hangs },
  };
}

/** Runs one program on a new store; throws what does not hold. */
export async function runOnce(
  program: Program,
  plan: { seed: number; cipher: Cipher; inProcess: boolean },
): Promise<Map<string, number>> {
  const { seed, cipher, inProcess } = plan;
  const parent = mkdtempSync(join(tmpdir(), "strongroom-simulation-"));
  const key = cipher === "none" ? "none://" : keyOf(seed);
  const place: StorePlan = { folder: join(parent, "store"), cipher, key, config: program.config };
  const host: StoreHost = inProcess ? new ProcessHost(place) : new InlineHost(place);
  if (host.isExact) startClock();
  try {
    return await inTime(runProgram(program, host));
  } finally {
    stopClock();
    await host.end();
    rmSync(parent, { recursive: true, force: true });
  }
}

class Hangs extends Error {}

function inTime<T>(work: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const { user, system } = process.cpuUsage(cpuBefore);
      const isLong = performance.now() - startedAt > HANGS_AFTER_MS;
      if (isLong || (user + system) / 1000 > HANGS_AFTER_CPU_MS) {
        reject(new Hangs("the program hangs"));
      }
    }, 1000);
  });
  return Promise.race([work, hangs]).finally(() => clearInterval(timer));
}
