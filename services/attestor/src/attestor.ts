// The attestor: one job driver for each target, so that none waits for another. Started by main.ts,
// and by tests in their own process.
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { type Client, ClientError, connect } from "@strongroom/client";
import type { TargetStatus } from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import type { AttestationLease } from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import {
  type Address,
  Backoff,
  type Config,
  createBullmqJobs,
  createEmbeddedJobs,
  createMetrics,
  type JobDriver,
  type JobOptions,
  type Logger,
  type Metrics,
  parseAddress,
  pause,
  Readiness,
  registerJobMetrics,
  type Shutdown,
  startAdminServer,
} from "@strongroom/runtime";
import { attest } from "./attest.ts";
import { type AttestorMetrics, createAttestorMetrics } from "./attestor-metrics.ts";
import { confirmHead } from "./confirm-head.ts";
import { AttestorError } from "./errors.ts";
import type { AttestorSettings, settings } from "./settings.ts";
import { createStoreWork } from "./store-work.ts";
import { createTarget } from "./targets/create-target.ts";
import type { AttestationTarget, SigningKey } from "./targets/target.ts";
import type { TargetSettings } from "./targets/target-settings.ts";

export interface AttestorOptions {
  readonly config: Config<typeof settings>;
  readonly signingKey: SigningKey;
  readonly logger: Logger;
  /** Gets a step for everything that is started here. */
  readonly shutdown: Shutdown;
}

export interface RunningAttestor {
  readonly admin: Address;
  readonly origin: string;
  readonly targets: readonly { readonly name: string; readonly kind: string }[];
}

interface Parts extends AttestorOptions {
  readonly values: AttestorSettings;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly attestorMetrics: AttestorMetrics;
  readonly drivers: Map<string, JobDriver>;
  readonly stop: AbortController;
  statuses: readonly TargetStatus[];
}

const STATUS_EVERY_MS = 10_000;
const DRAIN_MS = 20_000;
const LEASE_MS_MAX = 600_000;
/** The longest path is a submission, the checkpoint and the tiles of a proof. */
const REQUESTS_IN_ATTEMPT = 3;

/** Waits for the store as long as it takes; what the store or a target refuses is thrown. */
export async function startAttestor(options: AttestorOptions): Promise<RunningAttestor> {
  const parts = createParts(options);
  const admin = await startAdmin(parts);
  const client = await connectStore(parts);
  const targets = await createTargets(parts, client);
  for (const one of targets) await startTarget(parts, client, one);
  followStatus(parts, client);
  parts.readiness.meet("start");
  const named = targets.map(({ target: { name, kind } }) => ({ name, kind }));
  return { admin, origin: client.origin, targets: named };
}

function createParts(options: AttestorOptions): Parts {
  const metrics = createMetrics();
  const drivers = new Map<string, JobDriver>();
  registerJobMetrics(metrics, drivers);
  const stop = new AbortController();
  options.shutdown.step("background", () => stop.abort(new Error("shut down")));
  const parts: Parts = {
    ...options,
    ...{ metrics, drivers, stop, statuses: [] },
    values: options.config.values,
    readiness: new Readiness(["start", "store"]),
    attestorMetrics: createAttestorMetrics(metrics, () => parts.statuses),
  };
  return parts;
}

async function startAdmin({ values, readiness, metrics, shutdown }: Parts): Promise<Address> {
  const hosts = values["admin.hosts"]?.split(",").map((host) => host.trim().toLowerCase());
  const server = await startAdminServer({
    listen: parseAddress(values["admin.listen"]),
    ...{ readiness, metrics },
    ...(hosts === undefined ? {} : { hosts }),
  });
  shutdown.step("admin", () => server.close());
  return server.address;
}

/** A store that is away is waited for; one that refuses us is not. */
async function connectStore(parts: Parts): Promise<Client> {
  const { values, logger, readiness, shutdown, stop } = parts;
  const away = new Backoff({ firstMs: 200, maxMs: 10_000 });
  const { server: address, token, "log-key": originKey } = values;
  for (;;) {
    try {
      const client = await connect({ address, token, originKey });
      shutdown.step("store connection", () => client.close());
      readiness.meet("store");
      return client;
    } catch (error) {
      const isAway = error instanceof ClientError && error.kind === "unavailable";
      if (!isAway || stop.signal.aborted || shutdown.started) throw error;
      logger.warn({ err: error }, "store is away");
      readiness.fail("store", error.message);
      await away.wait(stop.signal);
    }
  }
}

interface OneTarget {
  readonly settings: TargetSettings;
  readonly target: AttestationTarget;
}

async function createTargets(parts: Parts, { origin }: Client): Promise<OneTarget[]> {
  const { values, signingKey, logger, shutdown } = parts;
  const made: OneTarget[] = [];
  for (const settings of values.targets) {
    const own = logger.child({ target: settings.name });
    const target = await createTarget(settings, { origin, signingKey, logger: own });
    shutdown.step(`target ${settings.name}`, () => target.close());
    made.push({ settings, target });
  }
  return made;
}

async function startTarget(
  parts: Parts,
  client: Client,
  { settings, target }: OneTarget,
): Promise<void> {
  const { values, shutdown, stop, attestorMetrics, readiness } = parts;
  const logger = parts.logger.child({ target: target.name });
  const { concurrency, timeoutMs } = settings;
  const leaseMs = Math.min(LEASE_MS_MAX, REQUESTS_IN_ATTEMPT * timeoutMs + 10_000);
  const worker = values.worker ?? `${hostname()}:${process.pid}`;
  const onOutcome = (outcome: string) => {
    attestorMetrics.attempts.inc({ target: target.name, outcome });
  };
  const driver = await createDriver(parts, {
    name: queueName(client.origin, target.name),
    source: createStoreWork({ client, target, worker, leaseMs }),
    handler: (lease, signal) => attest(lease, { client, target, logger, onOutcome }, signal),
    ...{ logger, concurrency },
    ...(settings.rate === undefined ? {} : { rate: settings.rate }),
  });
  const onVerdict = (code: string) => readiness.fail("head", code);
  // Beside the work: a target that is away must not keep this one or others from starting.
  void confirmHead({ client, target, logger, onVerdict }, stop.signal);
  parts.drivers.set(target.name, driver);
  await driver.start();
  shutdown.step(`jobs of ${target.name}`, () => driver.stop(DRAIN_MS), DRAIN_MS + 8_000);
}

async function createDriver(
  { values }: Parts,
  options: JobOptions<AttestationLease>,
): Promise<JobDriver> {
  if (values["jobs.driver"] === "embedded") return createEmbeddedJobs(options);
  const redisUrl = values["jobs.redis-url"];
  if (redisUrl === undefined) {
    throw new AttestorError("TARGET_INVALID", "the driver bullmq needs jobs.redis-url");
  }
  return await createBullmqJobs({ ...options, redisUrl });
}

/** Several stores may share one Redis. */
function queueName(origin: string, target: string): string {
  const store = createHash("sha256").update(origin).digest("hex").slice(0, 12);
  return `attest-${store}-${target}`;
}

/** What the store says of its targets, for metrics; and whether anybody reaches the store. */
function followStatus(parts: Parts, client: Client): void {
  const { stop, readiness, drivers } = parts;
  const follow = async () => {
    while (!stop.signal.aborted) {
      try {
        parts.statuses = await client.attestationWork.targets({ signal: stop.signal });
      } catch {
        // The drivers say it better.
      }
      const statuses = [...drivers.values()].map((driver) => driver.status());
      const away = statuses.find(({ state }) => state === "away");
      if (away === undefined) readiness.meet("store");
      else readiness.fail("store", away.reason);
      await pause(STATUS_EVERY_MS, stop.signal);
    }
  };
  void follow();
}
