// What `npm start` runs: a store with its own key and token on this machine, served on loopback,
// an attestor and a witness beside it, and a first fact that is appended and verified like any
// caller's.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Client, connect, replaceFile } from "@strongroom/client";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import {
  instanceStatePath,
  type RunFile,
  readRunFile,
  readTextFile,
  type Settings,
} from "../settings.ts";
import { developmentPolicy, type Sidecars, startSidecars } from "./dev-sidecars.ts";
import { DEVELOPER, type DevStore, openDevStore } from "./dev-store.ts";
import { appendFirstFact, type FirstFact, proveWitnessed } from "./first-fact.ts";
import { openLog } from "./log-file.ts";
import { removeRunFile, runningInstance, writeRunFile } from "./run-file.ts";
import { serviceError } from "./service-child.ts";
import { freeAddress, type StorageChild, startStorage } from "./storage-child.ts";

const CHECKPOINT_MS = 1_000;

interface DevFlags {
  readonly listen?: string;
  readonly adminListen?: string;
  readonly tilesListen?: string;
}

export const devVerb: Verb<DevFlags> = async (context, _args, flags) => {
  const { data } = context.settings;
  // Taken first: Ctrl-C at any later moment must still stop the services.
  const { signal } = context;
  await mkdir(data, { recursive: true, mode: 0o700 });
  await refuseSecond(data);
  const dev = await openDevStore(data);
  const service = await startService(context, flags, dev);
  let sidecars: Sidecars | undefined;
  try {
    await writeRunFile(data, runFileOf(service, dev));
    const { grpc: server } = service.addresses;
    const client = await connectAs(ownSettings(context), server, dev.token);
    let first: ShownFact;
    try {
      sidecars = await startSidecars(client, { data, keyUri: dev.key, server });
      first = await showFirstFact(context, client, sidecars.witness.vkey);
    } finally {
      await client.close();
    }
    await sayHowToGoOn(context, { dev, service, first });
    await untilEnd(signal, service, sidecars);
  } finally {
    // Also when the first fact fails: no service outlives the command that started it.
    await sidecars?.stop();
    process.exitCode = await service.stop();
    await removeRunFile(data);
  }
  context.output.notice("stopped; the next start finds everything again");
};

interface ShownFact extends FirstFact {
  /** What a policy that asks for the witness proves; absent if the witness has not come to it. */
  readonly witnessed?: readonly string[];
  readonly policy: string;
}

async function showFirstFact(
  { settings, signal }: Context,
  client: Client,
  witnessKey: string,
): Promise<ShownFact> {
  const policyPath = join(settings.data, "dev.policy");
  const policy = developmentPolicy(client.logKeys, witnessKey);
  await replaceFile(policyPath, policy);
  const first = await appendFirstFact(client);
  const witnessed = await proveWitnessed(client, { cid: first.cid, policy }, signal);
  return { ...first, policy: policyPath, ...(witnessed && { witnessed }) };
}

async function connectAs(settings: Settings, address: string, token: string): Promise<Client> {
  const { statePath, timeoutMs } = settings;
  return await connect({ address, token, statePath, timeoutMs });
}

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
  const log = await openLog(logPath);
  const service = await startStorage({
    store: dev.store,
    key: dev.key,
    listen: flags.listen ?? (await freeAddress("127.0.0.1:7443")),
    adminListen: flags.adminListen ?? (await freeAddress("127.0.0.1:7480")),
    tilesListen: flags.tilesListen,
    textSearch: true,
    // Soon enough that a newcomer sees the first attestation.
    checkpointIntervalMs: CHECKPOINT_MS,
    stderr: log.fd,
  });
  await log.close();
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
  shown: { dev: DevStore; service: StorageChild; first: ShownFact },
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
    ...sayWitnessed(first),
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

function sayWitnessed({ witnessed, policy }: ShownFact): string[] {
  const state =
    witnessed === undefined
      ? "not yet: the witness has not come to it"
      : `verified offline under ${policy} (require witnessed): ${witnessed.join(", ")}`;
  return [
    `  witnessed   ${state}`,
    "  witness     for development: its key lies in the same folder, so it is not independent",
  ];
}

/** Ends on Ctrl-C, SIGTERM or SIGHUP; throws when a service ends by itself. */
async function untilEnd(
  signal: AbortSignal,
  service: StorageChild,
  sidecars: Sidecars,
): Promise<void> {
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const storage = service.ended.then((code) => `the storage service ended by itself with ${code}`);
  const why = await Promise.race([aborted, storage, sidecars.ended]);
  if (why !== undefined) throw new CliError("SERVICE_FAILED", why);
}
