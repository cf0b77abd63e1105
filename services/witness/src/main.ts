// The process: config → logs, key, memory → listeners → one ready line on stdout → until a signal.
// Exit codes are those of the command line: 2 wrong usage, 3 refused, 7 cannot open key or memory.
import {
  createLogger,
  formatAddress,
  loadConfig,
  RuntimeError,
  type RuntimeErrorCode,
  Shutdown,
} from "@strongroom/runtime";
import { WitnessError, type WitnessErrorCode } from "./errors.ts";
import { settings } from "./settings.ts";
import { version } from "./version.ts";
import { type RunningWitness, startWitness } from "./witness.ts";

const exitCodes = {
  CONFIG_INVALID: 2,
  CONFIG_FILE_UNREADABLE: 2,
  ADDRESS_INVALID: 2,
  ADDRESS_REFUSED: 3,
  LISTEN_FAILED: 3,
  REDIS_UNSUITABLE: 3,
  JOBS_MISSING: 3,
  WITNESS_LOGS_INVALID: 2,
  WITNESS_KEY_INVALID: 7,
  WITNESS_STATE_DAMAGED: 7,
  WITNESS_STATE_FOREIGN: 7,
  WITNESS_STATE_MISSING: 7,
  WITNESS_STATE_UNWRITABLE: 7,
} satisfies Record<RuntimeErrorCode | WitnessErrorCode, number>;

try {
  await run();
} catch (error) {
  process.exitCode = reportFailure(error);
}

async function run(): Promise<void> {
  const argv = process.argv.slice(2);
  const config = loadConfig(settings, { argv, env: process.env, section: "witness" });
  const logger = createLogger({ name: "witness", level: config.values["log.level"] });
  const shutdown = new Shutdown({ logger });
  shutdown.onSignals();
  try {
    const running = await startWitness({ config, logger, shutdown });
    announce(running);
    logger.info({ vkey: running.vkey, logs: running.origins.length }, "ready");
  } catch (error) {
    await shutdown.run("start failed");
    throw error;
  }
}

/** One JSON line on stdout, for whoever started the process and waits for it. */
function announce({ vkey, isNew, origins, witness, admin }: RunningWitness): void {
  const addresses = { witness: formatAddress(witness), admin: formatAddress(admin) };
  const ready = { event: "ready", pid: process.pid, version, addresses, vkey, isNew, origins };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

function reportFailure(error: unknown): number {
  const isKnown = error instanceof RuntimeError || error instanceof WitnessError;
  const code = isKnown ? error.code : "INTERNAL";
  const message = error instanceof Error ? error.message : "unknown failure";
  process.stderr.write(`strongroom-witness: ${message} (${code})\n`);
  return isKnown ? exitCodes[error.code] : 1;
}
