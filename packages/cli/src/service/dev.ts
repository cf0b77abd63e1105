// What `npm start` runs: a store with its own key and token on this machine, served on loopback,
// and a first fact that is appended and verified like any caller's.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import {
  instanceStatePath,
  type RunFile,
  readRunFile,
  readTextFile,
  type Settings,
} from "../settings.ts";
import { DEVELOPER, type DevStore, openDevStore } from "./dev-store.ts";
import { appendFirstFact, type FirstFact } from "./first-fact.ts";
import { removeRunFile, runningInstance, writeRunFile } from "./run-file.ts";
import { serviceError } from "./service-child.ts";
import { freeAddress, type StorageChild, startStorage } from "./storage-child.ts";

interface DevFlags {
  readonly listen?: string;
  readonly adminListen?: string;
  readonly tilesListen?: string;
}

export const devVerb: Verb<DevFlags> = async (context, _args, flags) => {
  const { data } = context.settings;
  // Taken first: Ctrl-C at any later moment must still stop the service.
  const { signal } = context;
  await mkdir(data, { recursive: true, mode: 0o700 });
  await refuseSecond(data);
  const dev = await openDevStore(data);
  const service = await startService(context, flags, dev);
  let code: number;
  try {
    await writeRunFile(data, runFileOf(service, dev));
    const first = await appendFirstFact(ownSettings(context), service.addresses.grpc, dev.token);
    await sayHowToGoOn(context, { dev, service, first });
    code = await untilEnd(signal, service);
  } finally {
    // Also when the first fact fails: no service outlives the command that started it.
    await service.stop();
    await removeRunFile(data);
  }
  context.output.notice("stopped; the next start finds everything again");
  process.exitCode = code;
};

/** What is pinned of this store lies with it: another data folder has another log. */
function ownSettings({ settings }: Context): Settings {
  const given = settings.shown.find(({ name }) => name === "state");
  if (given?.origin !== "default") return settings;
  return { ...settings, statePath: instanceStatePath(settings.data) };
}

async function refuseSecond(data: string): Promise<void> {
  const running = await runningInstance(data);
  if (running === undefined) return;
  const message = `${data} is in use by process ${running.pid} on ${running.addresses.grpc}`;
  throw new CliError("ALREADY_RUNNING", message);
}

async function startService(
  context: Context,
  flags: DevFlags,
  dev: DevStore,
): Promise<StorageChild> {
  const { data } = context.settings;
  const logPath = join(data, "storage.log");
  const log = createWriteStream(logPath, { mode: 0o600, flags: "w" });
  await once(log, "open");
  const service = await startStorage({
    store: dev.store,
    key: dev.key,
    listen: flags.listen ?? (await freeAddress("127.0.0.1:7443")),
    adminListen: flags.adminListen ?? (await freeAddress("127.0.0.1:7480")),
    tilesListen: flags.tilesListen,
    textSearch: true,
    stderr: (log as unknown as { fd: number }).fd,
  });
  log.destroy();
  if (typeof service === "number") throw await failure(logPath, service);
  return service;
}

function runFileOf({ pid, addresses }: StorageChild, dev: DevStore): RunFile {
  const startedAt = new Date().toISOString();
  return { pid, startedAt, addresses, token: dev.token, principal: DEVELOPER };
}

async function failure(logPath: string, exitCode: number): Promise<Error> {
  const lines = (await readTextFile(logPath)).trimEnd().split("\n");
  const message = `the storage service ended with ${exitCode}: see ${logPath}`;
  return serviceError(lines.at(-1) ?? "") ?? new CliError("SERVICE_FAILED", message);
}

async function sayHowToGoOn(
  context: Context,
  shown: { dev: DevStore; service: StorageChild; first: FirstFact },
): Promise<void> {
  const { output, settings } = context;
  const { dev, service, first } = shown;
  const { addresses } = service;
  if (output.json) {
    const run = await readRunFile(settings.data);
    await output.document({ ready: true, pid: run?.pid, addresses, ...first });
    return;
  }
  const cli = "npx strongroom";
  await output.lines(
    "",
    `Strongroom is ready: gRPC ${addresses.grpc}, metrics http://${addresses.admin}/metrics`,
    `  store  ${dev.store} (${dev.isNew ? "made now" : "found"})`,
    `  key    ${dev.keyPath}: it lies beside the store, which is right for development only`,
    `  first fact  ${first.cid}, entry ${first.index}, proven: ${first.proven.join(", ")}`,
    "",
    "Try in another terminal:",
    `  ${cli} fact append --scope team/ops --entity service/billing --relation owner --text alice --source runbook --json`,
    `  ${cli} fact query --scope team/ops --entity service/billing --json`,
    `  ${cli} receipt get ${first.cid} --out r.json`,
    `  ${cli} log verifier-key > log.vkey`,
    `  ${cli} receipt verify r.json --log-key log.vkey --json`,
    `  ${cli} log verify --json`,
    "",
    "Ctrl-C stops it.",
  );
}

/** Ends on Ctrl-C, SIGTERM or SIGHUP, or when the service ends by itself. */
async function untilEnd(signal: AbortSignal, service: StorageChild): Promise<number> {
  const aborted = new Promise<"stop">((resolve) => {
    if (signal.aborted) resolve("stop");
    signal.addEventListener("abort", () => resolve("stop"), { once: true });
  });
  const end = await Promise.race([aborted, service.ended]);
  if (end === "stop") return service.stop();
  throw new CliError("SERVICE_FAILED", `the storage service ended by itself with ${end}`);
}
