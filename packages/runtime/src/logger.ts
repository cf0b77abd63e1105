// Structured log on stderr. What must never be logged is removed here too, as the last wall:
// callers are still expected not to hand it over.
import { type DestinationStream, destination, type Logger, pino } from "pino";

export type { Logger } from "pino";
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const secretName = /token|secret|passphrase|password|authorization|cookie|seed|private|^key$|Key$/i;
const contentName = /^(body|fact|text|payload)$/;
const secretText =
  /(Bearer\s+)[^\s"',]+|(whsec_)[A-Za-z0-9+/=]+|(sr_[a-z0-9]+_)[A-Za-z0-9_-]+|([?&](?:token|key)=)[^&\s]+/g;
const removed = "(removed)";
const depthMax = 5;

export interface LoggerOptions {
  /** Which process speaks, such as "storage". */
  name: string;
  level?: LogLevel;
  /** Default: stderr, written at once so that a crash loses no line. */
  destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      name: options.name,
      level: options.level ?? "info",
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: (reason: unknown) => reason, error: (reason: unknown) => reason },
      // Bindings of child loggers pass neither hook nor formatter.
      redact: {
        paths: ["token", "secret", "key", "authorization", "passphrase", "password"],
        censor: removed,
      },
      formatters: {
        level: (label) => ({ level: label }),
      },
      hooks: {
        // Here rather than in a formatter: pino copies an error's message before formatters run.
        logMethod(args, method) {
          const clean = args.map((arg) =>
            removeSecrets(arg instanceof Error ? { err: arg } : arg, 0),
          );
          method.apply(this, clean as typeof args);
        },
      },
    },
    options.destination ?? destination({ fd: 2, sync: true }),
  );
}

function removeSecrets(value: unknown, depth: number): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (depth >= depthMax) return "(deep)";
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item) => removeSecrets(item, depth + 1));
  const clean: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const hide = secretName.test(name) || contentName.test(name);
    clean[name] = hide ? removed : removeSecrets(member, depth + 1);
  }
  return clean;
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    ...("code" in error ? { code: error.code } : {}),
    message: scrubText(error.message),
    ...(error.stack ? { stack: scrubText(error.stack) } : {}),
    ...(error.cause === undefined ? {} : { cause: removeSecrets(error.cause, depth + 1) }),
  };
}

function scrubText(text: string): string {
  return text.replace(secretText, (_all, ...groups: unknown[]) => {
    const kept = groups.slice(0, 4).find((group) => typeof group === "string");
    return `${kept ?? ""}${removed}`;
  });
}
