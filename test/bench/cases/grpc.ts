// The same store behind gRPC, with clients in other processes on the same cores.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AppendRequestSchema,
  AppendResponseSchema,
  FactService,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { startService } from "../../support/service.ts";
import { appendAll, type Bench, indexCaughtUp, type Result } from "../bench.ts";
import { syncFloor } from "../floors/copy-floor.ts";
import { compare, inTurns, median, monotonicMs, msOf, timed } from "../measure.ts";
import { RawClient } from "../raw-client.ts";

const BULK_SLICE = 20_000;
const CALLERS = 64;
const UNARY_SLICE = 4_000;
const LONE_CALLS = 300;
const SYNCS = 200;
/** A bench that is profiled has its service profiled too. */
const PROFILED = { nodeOptions: process.execArgv.filter((flag) => flag.startsWith("--cpu-prof")) };

export async function grpcBulk(bench: Bench): Promise<Result[]> {
  const service = await startService(join(bench.folder, "grpc-bulk"), PROFILED);
  const client = new Lines("bulk-client", [service.address, service.token]);
  const library = await bench.newStore("beside-grpc", "aegis256");
  let seed = 1000;
  try {
    const slices = await inTurns(
      { row: "grpc-bulk", count: 5 },
      {
        ours: async () => {
          const ms = Number(await client.ask(`${++seed} ${BULK_SLICE}`));
          const endedAt = monotonicMs();
          return { units: BULK_SLICE, startedAt: endedAt - ms, endedAt };
        },
        floor: () => {
          const made = bench.make(BULK_SLICE);
          return timed(BULK_SLICE, async () => {
            await appendAll(library, made);
            await indexCaughtUp(library);
          });
        },
      },
    );
    const rates = compare(slices.ours, slices.floor);
    const what = "bulk append through gRPC, client in another process";
    return [
      {
        case: "grpc-bulk",
        what,
        unit: "facts/s",
        ours: rates.ours,
        floor: rates.floor,
        against: "the library",
        ratio: rates.ratio,
        target: { atLeast: 0.5 },
      },
      memory(service.pid),
    ];
  } finally {
    await client.end();
    await library.close();
    await service.stop();
  }
}

export async function unary(bench: Bench): Promise<Result[]> {
  const service = await startService(join(bench.folder, "unary"), PROFILED);
  const { append } = FactService.method;
  const ours = new RawClient(service.address, append, service.token);
  const request = () => {
    const [fact] = bench.make(1);
    return create(AppendRequestSchema, { fact: { fact: fact?.bytes ?? new Uint8Array() } });
  };
  const sample = join(bench.folder, "append-response");
  writeFileSync(sample, toBinary(AppendResponseSchema, await ours.call(request())));
  const echoServer = new Lines("echo-server", [sample]);
  const echo = new RawClient(await echoServer.next(), append);
  const requests = (count: number) => Array.from({ length: count }, request);
  try {
    const many = (client: typeof ours) => () => {
      const queue = requests(UNARY_SLICE);
      return timed(UNARY_SLICE, () => callAll(client, queue));
    };
    const row = `unary: ${CALLERS} callers`;
    const many64 = await inTurns({ row, count: 5 }, { ours: many(ours), floor: many(echo) });
    const busy = compare(many64.ours, many64.floor);
    const lone = (client: typeof ours) => () => {
      const queue = requests(LONE_CALLS);
      return timed(LONE_CALLS, async () => {
        for (const next of queue) await client.call(next);
      });
    };
    const alone = await inTurns(
      { row: "unary: one caller", count: 5 },
      {
        ours: lone(ours),
        echo: lone(echo),
        sync: () => timed(SYNCS, () => syncFloor(bench.folder, SYNCS)),
      },
    );
    const latency = median(alone.ours.map(msOf));
    const allowed = 2 * median(alone.sync.map(msOf)) + 1.5 * median(alone.echo.map(msOf));
    return [
      {
        case: "unary",
        what: `unary append, ${CALLERS} callers, durable with receipt`,
        unit: "/s",
        ours: busy.ours,
        floor: busy.floor,
        against: "echo",
        ratio: busy.ratio,
        target: { atLeast: 0.6 },
      },
      {
        case: "unary",
        what: "unary append, one caller",
        unit: "ms",
        ours: latency,
        floor: allowed,
        against: "2 fsync + 1.5 × echo",
        ratio: latency / allowed,
        target: { atMost: 1 },
      },
    ];
  } finally {
    ours.close();
    echo.close();
    await echoServer.end();
    await service.stop();
  }
}

async function callAll<M>(
  client: { call(message: M): Promise<unknown> },
  queue: M[],
): Promise<void> {
  const caller = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) await client.call(next);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

function memory(pid: number): Result {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const peakMiB = Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
  return {
    case: "grpc-bulk",
    what: "peak resident memory of the service",
    unit: "MiB",
    ours: peakMiB,
    floor: 400,
    against: "the limit",
    ratio: peakMiB / 400,
    target: { atMost: 1 },
  };
}

/** A process of this bench that answers a line with a line. */
class Lines {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(script: string, args: string[]) {
    const file = script + extname(import.meta.url);
    const path = fileURLToPath(new URL(`../processes/${file}`, import.meta.url));
    const child = spawn(process.execPath, [...process.execArgv, path, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async next(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error("a process of the bench ended early");
    return line.value;
  }

  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.next();
  }

  async end(): Promise<void> {
    this.#reader.close();
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, "exit");
    }
  }
}
