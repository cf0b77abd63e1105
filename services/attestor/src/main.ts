// The process: config → key → store → targets → one ready line on stdout → until a signal.
// Exit codes are those of the command line: 2 wrong usage, 3 refused, 6 unavailable, 7 no key.
import { ClientError } from "@strongroom/client";
import {
  createLogger,
  formatAddress,
  type Logger,
  loadConfig,
  RuntimeError,
  type RuntimeErrorCode,
  Shutdown,
} from "@strongroom/runtime";
import { type RunningAttestor, startAttestor } from "./attestor.ts";
import { AttestorError, type AttestorErrorCode } from "./errors.ts";
import { openSigningKey } from "./key/signing-key.ts";
import { settings } from "./settings.ts";
import type { SigningKey } from "./targets/target.ts";
import { version } from "./version.ts";

const exitCodes = {
  CONFIG_INVALID: 2,
  CONFIG_FILE_UNREADABLE: 2,
  ADDRESS_INVALID: 2,
  ADDRESS_REFUSED: 3,
  LISTEN_FAILED: 3,
  REDIS_UNSUITABLE: 3,
  JOBS_MISSING: 3,
  TARGET_INVALID: 2,
  SIGNING_KEY_INVALID: 7,
  SIGNING_KEY_UNAVAILABLE: 7,
  SIGNING_KEY_WRONG_WRAP: 7,
} satisfies Record<RuntimeErrorCode | AttestorErrorCode, number>;
const SHUTDOWN_MS = 40_000;

try {
  await run();
} catch (error) {
  process.exitCode = reportFailure(error);
}

async function run(): Promise<void> {
  const argv = process.argv.slice(2);
  const config = loadConfig(settings, { argv, env: process.env, section: "attestor" });
  const logger = createLogger({ name: "attestor", level: config.values["log.level"] });
  const shutdown = new Shutdown({ logger, deadlineMs: SHUTDOWN_MS });
  shutdown.onSignals();
  try {
    const signingKey = await openSigningKey(config.values, process.env);
    if (config.values["signing-key-wrap"] === "none://") {
      logger.warn("the signing key lies in clear in its file");
    }
    const running = await startAttestor({ config, signingKey, logger, shutdown });
    announce(running, signingKey, logger);
  } catch (error) {
    await shutdown.run("start failed");
    throw error;
  }
}

/** One JSON line on stdout, for whoever started the process and waits for it. */
function announce(
  { admin, origin, targets }: RunningAttestor,
  { id, publicKeySpki, isNew }: SigningKey & { readonly isNew: boolean },
  logger: Logger,
): void {
  const publicKey = Buffer.from(publicKeySpki).toString("base64");
  const addresses = { admin: formatAddress(admin) };
  const ready = { event: "ready", pid: process.pid, version, addresses, origin, targets };
  const line = { ...ready, attestationKey: { id, publicKey, isNew } };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  logger.info({ attestationKeyId: id, spki: publicKey, targets: targets.length }, "ready");
}

function reportFailure(error: unknown): number {
  const isOwn = error instanceof RuntimeError || error instanceof AttestorError;
  const code = isOwn || error instanceof ClientError ? error.code : "INTERNAL";
  const message = error instanceof Error ? error.message : "unknown failure";
  process.stderr.write(`strongroom-attestor: ${message} (${code})\n`);
  if (isOwn) return exitCodes[error.code];
  if (!(error instanceof ClientError)) return 1;
  if (error.kind === "verification") return 5;
  return error.kind === "unavailable" ? 6 : 3;
}
