// The development instance's witness and attestor: each has its own key and folder in the data
// folder, and the attestor a token with no other role. Both are found again at the next start.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Client, replaceFile } from "@strongroom/client";
import { CliError } from "../errors.ts";
import { readTextFile } from "../settings.ts";
import type { AttestorReady } from "./attestor-child.ts";
import { openLog } from "./log-file.ts";
import {
  type ServiceChild,
  type ServiceOptions,
  type ServiceReady,
  serviceError,
  startService,
} from "./service-child.ts";

const WITNESS_TARGET = "witness";
const ATTESTOR = "attestor";
const ANY_PORT = "127.0.0.1:0";

interface WitnessReady extends ServiceReady {
  readonly addresses: { readonly witness: string; readonly admin: string };
  readonly vkey: string;
}

export interface Sidecars {
  readonly witness: ServiceChild<WitnessReady>;
  readonly attestor: ServiceChild<AttestorReady>;
  /** Settles when either has ended, with its name. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** `client` is the operator's; `keyUri` wraps the attestor's key as well. */
export async function startSidecars(
  client: Client,
  instance: { readonly data: string; readonly keyUri: string; readonly server: string },
): Promise<Sidecars> {
  const { data } = instance;
  const witness = await startWitness(data, client.logKeys);
  try {
    await registerWitness(client, witness.vkey);
    const attestor = await startAttestor(instance, {
      witness,
      token: await makeToken(client, data),
    });
    try {
      await registerAttestor(client, attestor);
    } catch (cause) {
      await attestor.stop();
      throw cause;
    }
    return together(witness, attestor);
  } catch (cause) {
    await witness.stop();
    throw cause;
  }
}

function together(
  witness: ServiceChild<WitnessReady>,
  attestor: ServiceChild<AttestorReady>,
): Sidecars {
  const named = [
    witness.ended.then((code) => `the witness ended by itself with ${code}`),
    attestor.ended.then((code) => `the attestor ended by itself with ${code}`),
  ];
  return {
    ...{ witness, attestor },
    ended: Promise.race(named),
    stop: async () => {
      await attestor.stop();
      await witness.stop();
    },
  };
}

async function startWitness(
  data: string,
  logKeys: readonly string[],
): Promise<ServiceChild<WitnessReady>> {
  const folder = join(data, "witness");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const logs = join(folder, "logs");
  await replaceFile(logs, logKeys.map((key) => `log ${key}\n`).join(""));
  return await startLogged<WitnessReady>(data, {
    name: "witness",
    flags: [
      ...["--data", data, "--witness-logs", logs],
      ...["--witness-listen", ANY_PORT, "--witness-admin-listen", ANY_PORT],
    ],
  });
}

async function startAttestor(
  { data, keyUri, server }: { data: string; keyUri: string; server: string },
  { witness, token }: { witness: WitnessReady; token: string },
): Promise<ServiceChild<AttestorReady>> {
  const targets = [
    {
      ...{ name: WITNESS_TARGET, kind: "witness" },
      ...{ url: `http://${witness.addresses.witness}`, key: witness.vkey },
    },
    { name: "folder", kind: "file", path: join(data, "checkpoints") },
  ];
  return await startLogged<AttestorReady>(data, {
    name: "attestor",
    flags: ["--data", data, "--server", server, "--admin-listen", ANY_PORT],
    env: {
      STRONGROOM_TOKEN: token,
      STRONGROOM_TARGETS: JSON.stringify(targets),
      STRONGROOM_SIGNING_KEY_WRAP: keyUri,
    },
  });
}

async function startLogged<R extends ServiceReady>(
  data: string,
  options: Omit<ServiceOptions, "stderr">,
): Promise<ServiceChild<R>> {
  const path = join(data, `${options.name}.log`);
  const log = await openLog(path);
  const child = await startService<R>({ ...options, stderr: log.fd });
  await log.close();
  if (typeof child !== "number") return child;
  const last = (await readTextFile(path)).trimEnd().split("\n").at(-1) ?? "";
  const message = `the ${options.name} ended with ${child}: see ${path}`;
  throw serviceError(last) ?? new CliError("SERVICE_FAILED", message);
}

/** With no role but its own, and no scope. */
async function makeToken(client: Client, data: string): Promise<string> {
  const path = join(data, "attestor.token");
  if (existsSync(path)) return (await readTextFile(path)).trim();
  await client.admin.setPrincipal({ name: ATTESTOR, roles: ["attestor"], scopes: [] });
  const { secret } = await client.admin.createToken({ principal: ATTESTOR });
  await replaceFile(path, `${secret}\n`);
  return secret;
}

/** Registering a key that is registered changes nothing. */
async function registerWitness(client: Client, vkey: string): Promise<void> {
  const key = new TextEncoder().encode(vkey);
  await client.admin.registerKey({ purpose: "witness", key, name: "development witness" });
}

async function registerAttestor(client: Client, { attestationKey }: AttestorReady): Promise<void> {
  const key = new Uint8Array(Buffer.from(attestationKey.publicKey, "base64"));
  await client.admin.registerKey({ purpose: "attestation", key, name: "development attestor" });
}

/** Trusts the log and asks for the witness. One person has both keys here, so it proves little. */
export function developmentPolicy(logKeys: readonly string[], witnessKey: string): string {
  const logs = logKeys.map((key) => `log ${key}\n`).join("");
  const witness = `witness ${WITNESS_TARGET} ${witnessKey}\nquorum ${WITNESS_TARGET}\n`;
  return `${logs}${witness}require witnessed\n`;
}
