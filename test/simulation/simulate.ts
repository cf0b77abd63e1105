// `npm run simulate -- --seeds 5000 [--from N] [--cipher c] [--seconds S] [--process] [--program F]`
// Runs seeds in two processes, shows progress on stderr, and ends with one JSON line on stdout. A
// seed that fails prints the shortest program that fails, and the command that repeats it.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Cipher, ciphers, type SeedOptions, type SeedResult } from "./run-seed.ts";

export interface Simulated {
  seeds: number;
  from: number;
  failed: number[];
  seconds: number;
  ciphers: Record<string, number>;
  /** How many seeds had a store in a process of its own. */
  processes: number;
  counts: Record<string, number>;
}

const CHILD = fileURLToPath(new URL("./simulate-child.js", import.meta.url));
const CHILDREN = 2;
/** A store in one isolate leaves its modules behind, so a child is replaced now and then. */
const SEEDS_PER_CHILD = 60;
const PROGRESS_MS = 10_000;

export interface SimulateRequest extends SeedOptions {
  from: number;
  seeds: number;
  seconds?: number;
  children?: number;
  onResult?(result: SeedResult, done: number): void;
}

export async function simulate(request: SimulateRequest): Promise<Simulated> {
  const { from, seeds, seconds = Number.POSITIVE_INFINITY, children = CHILDREN } = request;
  const { cipher, process: inProcess, shrinkMs } = request;
  const options: SeedOptions = {
    ...(cipher ? { cipher } : {}),
    ...(inProcess === undefined ? {} : { process: inProcess }),
    ...(shrinkMs === undefined ? {} : { shrinkMs }),
  };
  const startedAt = performance.now();
  const total: Simulated = {
    seeds: 0,
    from,
    failed: [],
    seconds: 0,
    ciphers: {},
    processes: 0,
    counts: {},
  };
  let next = from;
  const isOver = () =>
    next >= from + seeds ||
    performance.now() - startedAt > seconds * 1000 ||
    total.failed.length > 2;
  const runMany = async (): Promise<void> => {
    while (!isOver()) {
      const child = await startChild();
      for (let i = 0; i < SEEDS_PER_CHILD && !isOver(); i++) {
        const result = await child.run(next++, options);
        add(total, result);
        request.onResult?.(result, total.seeds);
        if (result.failure?.hangs) break;
      }
      await child.end();
    }
  };
  await Promise.all(Array.from({ length: children }, runMany));
  total.seconds = Math.round((performance.now() - startedAt) / 1000);
  return total;
}

export function describeFailure({ seed, cipher, failure }: SeedResult): string {
  const isAlone = failure?.program === undefined;
  const program = isAlone ? "" : `\n${JSON.stringify(failure?.program)}`;
  return `seed ${seed} (${cipher}) fails; the shortest program that does:${program}
${failure?.message}
repeat it:  npm run simulate -- --seeds 1 --from ${seed} --cipher ${cipher}
or save the program line above and:  npm run simulate -- --cipher ${cipher} --program FILE`;
}

interface Child {
  run(seed: number, options: SeedOptions): Promise<SeedResult>;
  end(): Promise<void>;
}

async function startChild(): Promise<Child> {
  const child: ChildProcess = fork(CHILD, { execArgv: [], stdio: ["ignore", 2, 2, "ipc"] });
  const exited = once(child, "exit");
  await once(child, "message");
  return {
    async run(seed, options) {
      const answered = once(child, "message").then(([result]) => result as SeedResult);
      child.send({ seed, options });
      const died = exited.then(([code, signal]) => {
        throw new Error(`seed ${seed} ended its process: code ${code}, signal ${signal}`);
      });
      return await Promise.race([answered, died]);
    },
    async end() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function add(total: Simulated, result: SeedResult): void {
  total.seeds++;
  if (result.process) total.processes++;
  total.ciphers[result.cipher] = (total.ciphers[result.cipher] ?? 0) + 1;
  if (result.failure) total.failed.push(result.seed);
  for (const [name, count] of Object.entries(result.counts)) {
    total.counts[name] = (total.counts[name] ?? 0) + count;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "1" },
      cipher: { type: "string" },
      seconds: { type: "string" },
      process: { type: "boolean" },
      program: { type: "string" },
    },
  });
  const cipher = ciphers.find((name) => name === values.cipher);
  if (values.cipher !== undefined && !cipher) throw new Error(`--cipher is ${ciphers.join(", ")}`);
  if (values.program) return playProgram(values.program, cipher ?? "none", values.process === true);
  let shownAt = 0;
  const total = await simulate({
    from: Number(values.from),
    seeds: Number(values.seeds),
    ...(cipher ? { cipher } : {}),
    ...(values.seconds ? { seconds: Number(values.seconds) } : {}),
    ...(values.process ? { process: true } : {}),
    onResult(result, done) {
      if (result.failure) console.error(describeFailure(result));
      if (performance.now() - shownAt < PROGRESS_MS) return;
      shownAt = performance.now();
      console.error(`${done} of ${values.seeds} seeds, at ${result.seed}`);
    },
  });
  console.log(JSON.stringify(total));
  process.exitCode = total.failed.length > 0 || total.seeds === 0 ? 1 : 0;
}

async function playProgram(path: string, cipher: Cipher, inProcess: boolean): Promise<void> {
  const { loadInlineStore } = await import("./inline-host.ts");
  await loadInlineStore();
  const { runOnce } = await import("./run-seed.ts");
  const counts = await runOnce(JSON.parse(readFileSync(path, "utf8")), {
    seed: 0,
    cipher,
    inProcess,
  });
  console.log(JSON.stringify(Object.fromEntries(counts)));
  process.exit();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
