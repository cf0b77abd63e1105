// The process: config → store → listeners → one ready line on stdout → until a signal.
// Exit codes are those of the command line: 2 wrong usage, 3 refused, 7 cannot open the store.
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Config,
  createLogger,
  formatAddress,
  type Logger,
  loadConfig,
  RuntimeError,
  type RuntimeErrorCode,
  Shutdown,
} from "@strongroom/runtime";
import { openStore, type Store, StoreError } from "@strongroom/store";
import { type Addresses, startStorage } from "./service.ts";
import { operatorTokenPath, type StorageSettings, settings, storePath } from "./settings.ts";
import { version } from "./version.ts";

const exitCodeByRuntimeCode = {
  CONFIG_INVALID: 2,
  CONFIG_FILE_UNREADABLE: 2,
  ADDRESS_INVALID: 2,
  ADDRESS_REFUSED: 3,
  LISTEN_FAILED: 3,
  REDIS_UNSUITABLE: 3,
  JOBS_MISSING: 3,
} satisfies Record<RuntimeErrorCode, number>;

try {
  await serve();
} catch (error) {
  process.exitCode = reportFailure(error);
}

async function serve(): Promise<void> {
  const config = readConfig();
  const logger = createLogger({ name: "storage", level: config.values["log.level"] });
  const shutdown = new Shutdown({
    logger,
    deadlineMs: config.values["server.drain-ms"] + 30_000,
  });
  shutdown.onSignals();
  try {
    const store = await openOwnStore(config.values, logger);
    shutdown.step("store", () => store.close(), 25_000);
    const addresses = await startStorage({ store, config, logger, shutdown });
    announce(store, addresses, logger);
  } catch (error) {
    await shutdown.run("start failed");
    throw error;
  }
}

function readConfig(): Config<typeof settings> {
  const argv = process.argv.slice(2);
  return loadConfig(settings, { argv, env: process.env, section: "storage" });
}

async function openOwnStore(values: StorageSettings, logger: Logger): Promise<Store> {
  const { origin, readers, "anchor.path": anchorPath } = values;
  const store = await openStore({
    path: storePath(values),
    key: values.key,
    create: values.create,
    operatorName: values.operator,
    textSearch: values["text-search"],
    anchorLagMs: values["anchor.lag-ms"],
    factBytesMax: values["fact-bytes-max"],
    checkpointEntries: values["checkpoint.entries"],
    checkpointMs: values["checkpoint.interval-ms"],
    attestationRetryMs: values["attestation.retry-initial-ms"],
    attestationRetryMaxMs: values["attestation.retry-max-ms"],
    attestationSupersede: values["attestation.supersede"],
    ...(values.create ? { cipher: values.cipher } : {}),
    ...(origin === undefined ? {} : { origin }),
    ...(anchorPath === undefined ? {} : { anchorPath }),
    ...(readers === undefined ? {} : { readers }),
  });
  if (store.cipher === "none") logger.warn("store is not encrypted: facts lie in clear on disk");
  if (store.isNew) await createOperatorToken(store, values, logger);
  return store;
}

/** Only at creation; the secret is nowhere else, and never in the log. */
async function createOperatorToken(
  store: Store,
  values: StorageSettings,
  logger: Logger,
): Promise<void> {
  const path = operatorTokenPath(values);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, "w", 0o600);
  try {
    const { secret } = await store.createToken({ principal: values.operator });
    writeSync(file, `${secret}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  logger.info({ path }, "store created; the first operator's token is in this file");
}

/** One JSON line on stdout, for whoever started the process and waits for it. */
function announce(store: Store, addresses: Addresses, logger: Logger): void {
  const { grpc, admin, tiles } = addresses;
  const where = {
    grpc: formatAddress(grpc),
    admin: formatAddress(admin),
    ...(tiles === undefined ? {} : { tiles: formatAddress(tiles) }),
  };
  const ready = { event: "ready", pid: process.pid, version, storeId: store.id, addresses: where };
  process.stdout.write(`${JSON.stringify({ ...ready, origin: store.origin })}\n`);
  logger.info({ addresses: where, size: store.head().size, cipher: store.cipher }, "ready");
}

function reportFailure(error: unknown): number {
  const isKnown = error instanceof RuntimeError || error instanceof StoreError;
  const code = isKnown ? error.code : "INTERNAL";
  const message = error instanceof Error ? error.message : "unknown failure";
  process.stderr.write(`strongroom-storage: ${message} (${code})\n`);
  if (error instanceof RuntimeError) return exitCodeByRuntimeCode[error.code];
  // Once the store is open a StoreError goes to a caller, not up to here.
  return error instanceof StoreError ? 7 : 1;
}
