// The whole service in this process: a real store in a temporary folder, behind real loopback
// listeners.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { encodeFact } from "@strongroom/protocol";
import { createLogger, loadConfig, Shutdown } from "@strongroom/runtime";
import { initStore, type OpenOptions, type Role, type Store } from "@strongroom/store";
import { RawClient } from "./raw-client.test-kit.ts";
import { type Addresses, startStorage } from "./service.ts";
import { settings } from "./settings.ts";

export interface RunningService {
  store: Store;
  addresses: Addresses;
  /** Every role, every scope. */
  admin: RawClient;
  /** A client of a new principal. */
  clientOf(name: string, roles: readonly Role[], scopes: readonly string[]): Promise<RawClient>;
  shutDown(): Promise<number>;
}

export async function startService(
  context: TestContext,
  options: { argv?: string[]; store?: Partial<OpenOptions> } = {},
): Promise<RunningService> {
  const path = mkdtempSync(join(tmpdir(), "storage-"));
  const storeFolder = join(path, "store");
  const { store } = await initStore({
    path: storeFolder,
    key: randomBytes(32),
    readers: 1,
    ...options.store,
  });
  const logger = createLogger({ name: "test", level: "silent" });
  const shutdown = new Shutdown({ logger });
  shutdown.step("store", () => store.close());
  const own = ["--key", "env://UNUSED", "--store", storeFolder, "--server-drain-ms", "2000"];
  const listen = ["--server-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
  const config = loadConfig(settings, { argv: [...own, ...listen, ...(options.argv ?? [])] });
  const clients: RawClient[] = [];
  // Before the start: one that is refused has to be cleaned up as well.
  context.after(async () => {
    for (const client of clients) client.close();
    await shutdown.run("test ends");
    rmSync(path, { recursive: true, force: true });
  });
  const addresses = await startStorage({ store, config, logger, shutdown });
  const clientOf: RunningService["clientOf"] = async (name, roles, scopes) => {
    await store.setPrincipal({ name, roles, scopes });
    const { secret } = await store.createToken({ principal: name });
    const client = new RawClient(addresses.grpc, secret);
    clients.push(client);
    return client;
  };
  const admin = await clientOf("admin", ["operator", "writer", "reader", "auditor"], ["*"]);
  return { store, addresses, admin, clientOf, shutDown: () => shutdown.run("test") };
}

let counter = 0;

/** Canonical bytes of a fact that no other has. */
export function makeFact(
  fields: { scope?: string; entity?: string; relation?: string; text?: string } = {},
): Uint8Array {
  counter += 1;
  return encodeFact({
    scope: fields.scope ?? "team/ops",
    entity: fields.entity ?? "service/billing",
    relation: fields.relation ?? "owner",
    value: { case: "text", value: fields.text ?? `value ${counter}` },
    source: "test",
    nonce: new Uint8Array(randomBytes(16)),
  });
}
