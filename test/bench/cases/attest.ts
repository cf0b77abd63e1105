// What attestation costs: the append rate beside an attestor at work, the time from an append to an
// attestation that the store has verified, and the attestor's memory after a long outage.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { startRedis } from "../../support/redis-server.ts";
import { type AttestedService, startAttestedService, TARGET } from "../attested-service.ts";
import type { Bench } from "../bench.ts";
import { Child, startBenchService, trackProcess } from "../child-process.ts";
import { FactMaker } from "../facts.ts";
import { inTurns, monotonicMs, type Slice, showProgress } from "../measure.ts";
import { asRate, asRatio, type Result } from "../result.ts";

const LATENCY_APPENDS = 300;
const ROUNDS = 7;
const PENDING = 10_000;
const MEMORY_MIB_MAX = 100;
const EACH_ENTRY = {
  "checkpoint.entries": "1",
  "attestation.retry-initial-ms": "100",
  "attestation.retry-max-ms": "1000",
};

export async function attest(bench: Bench): Promise<Result[]> {
  const folder = join(bench.folder, "attest");
  const rate = await rateBeside(bench, folder);
  const embedded = await latency(join(folder, "embedded"), "embedded");
  const redisFolder = join(folder, "redis");
  mkdirSync(redisFolder, { recursive: true });
  const redis = await startRedis(redisFolder);
  trackProcess(redis.child);
  const env = { STRONGROOM_JOBS_DRIVER: "bullmq", STRONGROOM_JOBS_REDIS_URL: redis.url };
  const bullmq = await latency(join(folder, "bullmq"), "bullmq", env);
  await redis.stop();
  const pending = Math.min(PENDING, Math.round(bench.facts / 10));
  return [rate, embedded, bullmq, await memory(join(folder, "outage"), pending)];
}

/** Two services with the default policy, one of them with an attestor, in turns. */
async function rateBeside(bench: Bench, folder: string): Promise<Result> {
  const plain = await startBenchService(join(folder, "plain"));
  const attested = await startAttestedService(join(folder, "attested"), {});
  const { service } = attested;
  const clients = {
    ours: new Child("bulk-client", [service.address, service.token]),
    floor: new Child("bulk-client", [plain.address, plain.token]),
  };
  const appendTo = async (client: Child) => JSON.parse(await client.ask("append")) as Slice;
  const slices = await inTurns(
    {
      row: "attest",
      count: ROUNDS,
      prepare: async (round) => {
        for (const client of Object.values(clients)) {
          await client.ask(`make ${5000 + round} ${bench.slice}`);
        }
      },
    },
    { ours: () => appendTo(clients.ours), floor: () => appendTo(clients.floor) },
  );
  await untilAttested(attested);
  for (const client of Object.values(clients)) await client.end();
  await attested.stop();
  await plain.stop();
  const row = {
    ...{ case: "attest", unit: "facts/s", against: "the same without one" },
    what: "bulk append through gRPC beside an attestor at work",
    target: { atLeast: 0.97 },
  };
  return asRate(row, slices.ours, slices.floor);
}

async function latency(
  folder: string,
  driver: "embedded" | "bullmq",
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const attested = await startAttestedService(folder, EACH_ENTRY, env);
  const { client } = attested;
  const maker = new FactMaker(driver.length);
  const appendMs: number[] = [];
  const attestedMs: number[] = [];
  for (let n = 0; n < LATENCY_APPENDS; n++) {
    showProgress(`attest, ${driver}`, n, LATENCY_APPENDS);
    const sentAtMs = Date.now();
    const startedAt = monotonicMs();
    const { index } = await client.append(maker.next().bytes);
    appendMs.push(monotonicMs() - startedAt);
    // The store's clock is this machine's: asking often would be what is measured.
    attestedMs.push((await attestedAt(attested, index)) - sentAtMs);
  }
  await attested.stop();
  const row = {
    ...{ case: "attest", unit: "ms", against: "a lone append, p95" },
    what: `append to verified attestation, p95, ${driver}`,
    target: { atMost: driver === "embedded" ? 20 : 30 },
  };
  return asRatio(row, p95(attestedMs), p95(appendMs));
}

async function attestedAt({ client }: AttestedService, index: bigint): Promise<number> {
  for (;;) {
    await sleep(10);
    for await (const found of client.attestations.list({ target: TARGET, limit: 1 })) {
      const isIt = found.treeSize > index && found.attestedAt !== undefined;
      if (isIt && found.attestedAt) return timestampMs(found.attestedAt);
    }
  }
}

/** Rows that wait, each to be attested, once the log is back after an outage. */
async function memory(folder: string, pending: number): Promise<Result> {
  const settings = { ...EACH_ENTRY, "attestation.supersede": "false" };
  const attested = await startAttestedService(folder, settings);
  const { client, rekor, attestor } = attested;
  await rekor.down();
  const maker = new FactMaker(9);
  for (let n = 0; n < pending; n++) {
    showProgress("attest, outage", n, pending);
    await client.append(maker.next().bytes);
  }
  const beforeMiB = memoryMiB(attestor.pid, "VmRSS");
  await rekor.up();
  await untilAttested(attested);
  const grownMiB = memoryMiB(attestor.pid, "VmHWM") - beforeMiB;
  await attested.stop();
  const row = {
    ...{ case: "attest", unit: "MiB", against: "the limit" },
    what: `growth of the attestor's memory, ${pending.toLocaleString("en-US")} pending worked off`,
    target: { atMost: 1 },
  };
  return asRatio(row, grownMiB, MEMORY_MIB_MAX);
}

async function untilAttested({ client }: AttestedService): Promise<void> {
  for (;;) {
    const [target] = await client.attestations.targets();
    if (target !== undefined && target.pending === 0n && target.parked === 0n) return;
    if (target !== undefined && target.parked > 0n) throw new Error("an attestation was parked");
    await sleep(100);
  }
}

function memoryMiB(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s*(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1024;
}

function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(0.95 * sorted.length)] ?? Number.NaN;
}
