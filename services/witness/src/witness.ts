// The witness: identity, memory, known logs, and the listeners on top. Started by main.ts, and by
// tests in their own process.
import {
  type Address,
  type Config,
  closeHttpServer,
  createMetrics,
  type Logger,
  listenHttp,
  parseAddress,
  Readiness,
  type Shutdown,
  startAdminServer,
} from "@strongroom/runtime";
import type { WitnessParts } from "./add-checkpoint.ts";
import { WitnessError } from "./errors.ts";
import { keepFork } from "./evidence.ts";
import { createWitnessHttp } from "./http.ts";
import { openIdentity, type WitnessIdentity } from "./identity.ts";
import { type KnownLogs, readLogs } from "./logs-file.ts";
import { Memory, removeLeftovers } from "./memory.ts";
import { createWitnessMetrics, type WitnessMetrics } from "./metrics.ts";
import { type settings, type WitnessPaths, witnessPaths } from "./settings.ts";

export interface WitnessOptions {
  readonly config: Config<typeof settings>;
  readonly logger: Logger;
  /** Gets a step for everything that is started here. */
  readonly shutdown: Shutdown;
}

export interface RunningWitness {
  readonly vkey: string;
  readonly isNew: boolean;
  readonly origins: readonly string[];
  readonly witness: Address;
  readonly admin: Address;
}

/** Throws WitnessError, RuntimeError. */
export async function startWitness(options: WitnessOptions): Promise<RunningWitness> {
  const { values } = options.config;
  const paths = witnessPaths(values);
  // Logs first: a wrong file leaves no key behind that nobody asked for.
  const logs = await readLogs(paths.logs);
  if (logs.size === 0)
    options.logger.warn({ path: paths.logs }, "no log is named: all are refused");
  const identity = await openIdentity({
    keyPath: paths.key,
    statePath: paths.memory,
    name: values["witness.name"],
    acceptNewState: values["witness.accept-new-state"],
  });
  await removeLeftovers(paths.memory);
  const memory = new Memory(paths.memory, identity.verifier);
  for (const origin of logs.keys()) await memory.read(origin);
  const addresses = await listen(options, { paths, logs, identity, memory });
  const origins = [...logs.keys()];
  return { vkey: identity.vkey, isNew: identity.isNew, origins, ...addresses };
}

interface Opened {
  readonly paths: WitnessPaths;
  readonly logs: KnownLogs;
  readonly identity: WitnessIdentity;
  readonly memory: Memory;
}

async function listen(options: WitnessOptions, opened: Opened) {
  const { config, shutdown } = options;
  const { values } = config;
  const metrics = createMetrics();
  const readiness = new Readiness(["start", "memory"]);
  let lastCosignedS = 0;
  const counters = createWitnessMetrics(metrics, {
    logs: () => opened.logs.size,
    lastCosignedS: () => lastCosignedS,
  });
  const server = createWitnessHttp({
    parts: partsOf(options, opened, counters),
    connectionsMax: values["witness.connections-max"],
    waitingMax: values["witness.waiting-max"],
    onAnswer: (status) => {
      counters.answers.inc({ status: String(status) });
      if (status !== 200) return;
      lastCosignedS = Math.floor(Date.now() / 1000);
      // The disk may have room again.
      readiness.meet("memory");
    },
    onError: (error) => {
      const code = error instanceof WitnessError ? error.code : "INTERNAL";
      counters.errors.inc({ code });
      readiness.fail("memory", code);
      options.logger.error({ err: error }, "cannot witness");
    },
  });
  const witness = await listenHttp(server, parseAddress(values["witness.listen"]));
  shutdown.step("witness", () => closeHttpServer(server));
  const hosts = (values["witness.admin-hosts"] ?? "").split(",").filter(Boolean);
  const adminListen = parseAddress(values["witness.admin-listen"]);
  const admin = await startAdminServer({ listen: adminListen, readiness, metrics, hosts });
  shutdown.step("admin", () => admin.close());
  readiness.meet("memory");
  readiness.meet("start");
  shutdown.step("readiness", () => readiness.fail("start", "draining"));
  return { witness, admin: admin.address };
}

function partsOf(
  { logger }: WitnessOptions,
  { paths, logs, identity, memory }: Opened,
  counters: WitnessMetrics,
): WitnessParts {
  return {
    identity,
    logs,
    memory,
    now: () => BigInt(Math.floor(Date.now() / 1000)),
    onFork: async (origin, remembered, offered) => {
      counters.forks.inc();
      try {
        const folder = await keepFork(paths.evidence, origin, { remembered, offered });
        logger.error({ origin, folder }, "fork: the log signed two roots of one size");
      } catch (error) {
        logger.error({ origin, err: error }, "fork, and its evidence cannot be kept");
      }
    },
  };
}
