// A service with an attestor and a Rekor that answers at once, as the cases of `attest` need it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, connect } from "@strongroom/client";
import { type Attestor, startAttestor } from "../support/attestor/start-attestor.ts";
import { type Rekor, startRekor } from "../support/rekor/start-rekor.ts";
import type { Service } from "../support/service.ts";
import { startBenchService, trackProcess } from "./child-process.ts";

export const TARGET = "log";

export interface AttestedService {
  readonly service: Service;
  readonly client: Client;
  readonly rekor: Rekor;
  readonly attestor: Attestor;
  stop(): Promise<void>;
}

export async function startAttestedService(
  folder: string,
  settings: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<AttestedService> {
  const service = await startBenchService(folder, settings);
  const client = await connect({ address: service.address, token: service.token });
  const rekor = await startRekor();
  const attestor = await startBenchAttestor({ folder, service, client, rekor }, env);
  return {
    ...{ service, client, rekor, attestor },
    stop: async () => {
      await attestor.stop();
      await client.close();
      await rekor.close();
      await service.stop();
    },
  };
}

async function startBenchAttestor(
  {
    folder,
    service,
    client,
    rekor,
  }: Pick<AttestedService, "service" | "client" | "rekor"> & {
    folder: string;
  },
  env: Readonly<Record<string, string>>,
): Promise<Attestor> {
  await client.admin.setPrincipal({ name: "attestor", roles: ["attestor"], scopes: [] });
  const { secret } = await client.admin.createToken({ principal: "attestor" });
  const data = join(folder, "attestor");
  mkdirSync(data, { recursive: true });
  const trustedRoot = join(data, "trusted-root.json");
  writeFileSync(trustedRoot, rekor.trustedRoot);
  const { url, readUrl } = rekor;
  const target = { name: TARGET, kind: "rekor", version: 2, url, readUrl, trustedRoot };
  const where = { folder: data, server: service.address, token: secret };
  const attestor = await startAttestor({ ...where, targets: [target], env });
  trackProcess(attestor.child);
  const key = new Uint8Array(Buffer.from(attestor.attestationKey.publicKey, "base64"));
  await client.admin.registerKey({ purpose: "attestation", key });
  await client.admin.registerKey({ purpose: "trusted-root", key: rekor.trustedRoot });
  return attestor;
}
