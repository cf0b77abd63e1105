// A real store, and whatever of attestors and Rekors a test wants beside it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "@strongroom/client";
import type { AttestationState } from "@strongroom/proto/strongroom/attestation/v1/attestation";
import { type Rekor, type RekorOptions, startRekor } from "../rekor/start-rekor.ts";
import { type Service, startService } from "../service.ts";
import { temporaryFolder } from "../test-store.ts";
import { type Attestor, startAttestor } from "./start-attestor.ts";

export interface AttestedStore {
  readonly folder: string;
  readonly service: Service;
  readonly client: Client;
  readonly attestorToken: string;
  append(): Promise<bigint>;
  /** The newest of a target once it is in that state. */
  reaches(target: string, state: AttestationState, treeSize?: bigint): ReturnType<typeof newest>;
  start(targets: readonly object[], env?: Record<string, string>): Promise<Attestor>;
}

/** A checkpoint for each entry, and a schedule that a test can wait for. */
export const storeSettings = {
  "checkpoint.entries": "1",
  "attestation.retry-initial-ms": "100",
  "attestation.retry-max-ms": "400",
};

export async function attestedStore(
  t: TestContext,
  settings: Record<string, string> = {},
): Promise<AttestedStore> {
  const folder = temporaryFolder(t);
  const service = await startService(folder, { settings: { ...storeSettings, ...settings } });
  const client = await connect({ address: service.address, token: service.token });
  const attestorToken = await makeAttestor(client);
  t.after(async () => {
    await client.close();
    await service.stop();
  });
  return {
    ...{ folder, service, client, attestorToken },
    append: async () => (await client.append(oneFact())).index,
    reaches: (target, state, treeSize) => reaches({ client, target, state, treeSize }),
    start: async (targets, env = {}) => {
      const data = join(folder, "attestor");
      mkdirSync(data, { recursive: true });
      const attestor = await startAttestor({
        ...{ folder: data, server: service.address, token: attestorToken, targets, env },
      });
      t.after(() => attestor.stop());
      await register(client, attestor);
      return attestor;
    },
  };
}

async function makeAttestor(client: Client): Promise<string> {
  await client.admin.setPrincipal({ name: "attestor", roles: ["attestor"], scopes: [] });
  return (await client.admin.createToken({ principal: "attestor" })).secret;
}

async function register(client: Client, { attestationKey }: Attestor): Promise<void> {
  const key = new Uint8Array(Buffer.from(attestationKey.publicKey, "base64"));
  await client.admin.registerKey({ purpose: "attestation", key, name: "attestor" });
}

export async function rekorTarget(
  t: TestContext,
  one: AttestedStore,
  name: string,
  options: RekorOptions = {},
) {
  const rekor = await startRekor({ hostname: `${name}.test`, ...options });
  t.after(() => rekor.close());
  await one.client.admin.registerKey({ purpose: "trusted-root", key: rekor.trustedRoot, name });
  return { rekor, target: targetOf(one, name, rekor) };
}

function targetOf(one: AttestedStore, name: string, rekor: Rekor) {
  const trustedRoot = join(one.folder, `${name}.json`);
  writeFileSync(trustedRoot, rekor.trustedRoot);
  const { url, readUrl } = rekor;
  return { name, kind: "rekor", url, readUrl, trustedRoot, timeoutMs: 10_000 };
}

let facts = 0;
export function oneFact() {
  const value = { case: "text", value: `fact ${++facts}` } as const;
  return { scope: "test", entity: `entity-${facts}`, relation: "is", value };
}

async function newest(client: Client, target: string) {
  for await (const found of client.attestations.list({ target })) return found;
  return undefined;
}

export async function reaches(what: {
  client: Client;
  target: string;
  state: AttestationState;
  treeSize?: bigint | undefined;
}) {
  for (;;) {
    const found = await newest(what.client, what.target);
    const isSize = what.treeSize === undefined || (found?.treeSize ?? 0n) >= what.treeSize;
    if (found?.state === what.state && isSize) return found;
    await sleep(20);
  }
}
