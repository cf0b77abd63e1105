// The storage service: a store behind gRPC, probes and metrics, and the tiles path. Started by
// main.ts, and by tests in their own process.
import type { DescService } from "@bufbuild/protobuf";
import { Health } from "@strongroom/proto/grpc/health/v1/health";
import { ServerReflection } from "@strongroom/proto/grpc/reflection/v1/reflection";
import { AdminService } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { AttestationService } from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import { AttestationWorkService } from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import { file_strongroom_fact_v1_fact } from "@strongroom/proto/strongroom/fact/v1/fact";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { file_strongroom_log_v1_bodies } from "@strongroom/proto/strongroom/log/v1/bodies";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import {
  type Address,
  type Config,
  createMetrics,
  type Logger,
  type Metrics,
  parseAddress,
  Readiness,
  type Shutdown,
  startAdminServer,
} from "@strongroom/runtime";
import { type Store, StoreError } from "@strongroom/store";
import { adminHandlers } from "./admin/admin-service.ts";
import { attestationHandlers } from "./attestation/attestation-service.ts";
import { attestationWorkHandlers } from "./attestation/work-service.ts";
import { CallLimits } from "./call-limits.ts";
import { factHandlers } from "./fact/fact-service.ts";
import { Gate } from "./gate.ts";
import { addService, type CallHooks } from "./grpc/adapter.ts";
import { healthHandlers } from "./grpc/health.ts";
import { type Listener, openListener } from "./grpc/listener.ts";
import { reflectionHandlers } from "./grpc/reflection.ts";
import { logHandlers } from "./log/log-service.ts";
import { OpenCalls } from "./open-calls.ts";
import { createGrpcServer, report, shutDownServer, statusOf } from "./server.ts";
import { createServiceMetrics, type ServiceMetrics } from "./service-metrics.ts";
import { type StorageSettings, type settings, storePath } from "./settings.ts";
import { startTilesServer } from "./tiles.ts";
import { version } from "./version.ts";

export const servedServices = [
  FactService,
  LogService,
  AttestationService,
  AttestationWorkService,
  AdminService,
] as const;
const allServices: readonly DescService[] = [...servedServices, Health, ServerReflection];
const confirmMs = 500;

export interface StorageOptions {
  store: Store;
  config: Config<typeof settings>;
  logger: Logger;
  /** Gets a step for everything that is started here. */
  shutdown: Shutdown;
}

export interface Addresses {
  grpc: Address;
  admin: Address;
  tiles?: Address;
}

interface Parts extends StorageOptions {
  readiness: Readiness;
  metrics: Metrics;
  serviceMetrics: ServiceMetrics;
  limits: CallLimits;
  listener: { current?: Listener };
}

/** Starts every listener. Closing is the shutdown's part, in reverse order. */
export async function startStorage(options: StorageOptions): Promise<Addresses> {
  const parts = createParts(options);
  followStore(parts);
  const grpc = await startGrpc(parts);
  const admin = await startAdmin(parts);
  const tiles = await startTiles(parts);
  parts.readiness.meet("start");
  options.shutdown.step("readiness", () => parts.readiness.fail("start", "draining"));
  return { grpc, admin, ...(tiles === undefined ? {} : { tiles }) };
}

function createParts(options: StorageOptions): Parts {
  const { values } = options.config;
  const limits = new CallLimits({
    serverMax: values["server.calls-max"],
    principalMax: values["server.principal-calls-max"],
  });
  const metrics = createMetrics();
  const listener: Parts["listener"] = {};
  const serviceMetrics = createServiceMetrics(metrics, options.store, {
    connections: () => listener.current?.connections ?? 0,
    callUnits: () => limits.total,
  });
  const readiness = new Readiness(["start", "store"]);
  return { ...options, readiness, metrics, serviceMetrics, limits, listener };
}

/** A store that stopped signing or became standby gets no more work. */
function followStore({ store, readiness, shutdown }: Parts): void {
  const look = (): void => {
    const { state, reason, head } = store.status();
    readiness.note("head", head);
    if (state === "ready") readiness.meet("store");
    else readiness.fail("store", reason || state);
  };
  look();
  const timer = setInterval(look, 1000);
  timer.unref();
  shutdown.step("store watch", () => clearInterval(timer));
}

async function startGrpc(parts: Parts): Promise<Address> {
  const { store, config, logger, shutdown, serviceMetrics, limits } = parts;
  const { values } = config;
  const gate = new Gate({
    authenticate: (token) => store.authenticate(token),
    limits,
    countRefusal: serviceMetrics.countRefusal,
  });
  const { server, credentials, admissions } = createGrpcServer({
    gate,
    streamsPerConnectionMax: values["server.streams-max"],
    connectionIdleMs: values["server.idle-ms"],
  });
  const calls = new OpenCalls({ admissions, metrics: serviceMetrics, logger, confirmMs });
  addServices(parts, { open: (method, call) => calls.open(method, call), report }, server);
  const listener = await openListener({
    listen: parseAddress(values["server.listen"]),
    connectionsMax: values["server.connections-max"],
    prefaceMs: values["server.preface-ms"],
    injector: server.createConnectionInjector(credentials),
    onRefusedConnection: () => serviceMetrics.connectionsRefused.inc(),
  });
  parts.listener.current = listener;
  const drainMs = values["server.drain-ms"];
  shutdown.step(
    "grpc",
    async () => {
      listener.stopAccepting();
      calls.endAll(new StoreError("UNAVAILABLE", "answer call: server shuts down"));
      await shutDownServer(server, drainMs);
      calls.close();
    },
    drainMs + 5_000,
  );
  return listener.address;
}

function addServices(
  parts: Parts,
  hooks: CallHooks,
  server: Parameters<typeof addService>[0],
): void {
  const { store, config, readiness, serviceMetrics } = parts;
  const { values } = config;
  const admin = adminHandlers({
    store,
    version,
    storePath: storePath(values),
    anchorPath: values["anchor.path"],
    keyUri: values.key,
    describeSettings: () => config.describeSettings(),
  });
  const facts = factHandlers(store, {
    idleMs: values["watch.idle-ms"],
    countFacts: (outcome, count) => serviceMetrics.facts.inc({ outcome }, count),
  });
  addService(server, FactService, facts, hooks);
  addService(server, LogService, logHandlers(store), hooks);
  addService(server, AttestationService, attestationHandlers(store), hooks);
  const work = attestationWorkHandlers(store, {
    idleMs: values["watch.idle-ms"],
    countFailure: (failure) => serviceMetrics.attestationFailures.inc({ failure }),
  });
  addService(server, AttestationWorkService, work, hooks);
  addService(server, AdminService, admin, hooks);
  const names = servedServices.map(({ typeName }) => typeName);
  addService(server, Health, healthHandlers(readiness, names), hooks);
  const reflection = reflectionHandlers({
    services: allServices,
    files: [file_strongroom_fact_v1_fact, file_strongroom_log_v1_bodies],
    notFoundCode: statusOf("NOT_FOUND"),
  });
  addService(server, ServerReflection, reflection, hooks);
}

async function startAdmin(parts: Parts): Promise<Address> {
  const { config, readiness, metrics, shutdown } = parts;
  const { values } = config;
  const hosts = (values["admin.hosts"] ?? "").split(",").filter((host) => host !== "");
  const listen = parseAddress(values["admin.listen"]);
  const admin = await startAdminServer({ listen, readiness, metrics, hosts });
  shutdown.step("admin", () => admin.close());
  return admin.address;
}

async function startTiles(parts: Parts): Promise<Address | undefined> {
  const { store, config, logger, shutdown } = parts;
  const { "tiles.listen": where, "tiles.public": isPublic }: StorageSettings = config.values;
  if (where === undefined) return undefined;
  const tiles = await startTilesServer({
    store,
    listen: parseAddress(where),
    isPublic,
    authenticate: (token) => store.authenticate(token),
    logger,
  });
  shutdown.step("tiles", () => tiles.close());
  return tiles.address;
}
