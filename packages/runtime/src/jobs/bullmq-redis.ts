// Connections to Redis, and whether that Redis may be trusted with jobs.
import { Redis } from "ioredis";
import { RuntimeError } from "../errors.ts";

const VERSION_MIN = [6, 2] as const;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_MS_MAX = 5_000;

const common = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  retryStrategy: (times: number) => {
    const ceilingMs = Math.min(RECONNECT_MS_MAX, 100 * 2 ** Math.min(times, 10));
    return ceilingMs / 2 + Math.random() * (ceilingMs / 2);
  },
};

/** For a producer: what cannot be said now fails now. */
export function connectProducer(url: string): Redis {
  return new Redis(url, {
    ...common,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
  });
}

/** For a worker: its commands wait for the connection for as long as it takes. */
export function connectWorker(url: string): Redis {
  return new Redis(url, { ...common, lazyConnect: true, maxRetriesPerRequest: null });
}

/** Throws REDIS_UNSUITABLE if this Redis is too old, or may drop jobs when it is full. */
export async function requireSuitable(redis: Redis): Promise<void> {
  const info = await redis.info();
  const version = valueIn(info, "redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1]);
  if (isOld)
    throw unsuitable(`its version is ${version}, at least ${VERSION_MIN.join(".")} is needed`);
  const policy = valueIn(info, "maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    throw unsuitable(`maxmemory-policy is ${policy}, it must be noeviction`);
  }
}

function valueIn(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}

function unsuitable(why: string): RuntimeError {
  return new RuntimeError("REDIS_UNSUITABLE", `use redis for jobs: ${why}`);
}
