// What records outside are good for: a receipt that holds against the operator, and an old copy of
// a store that is found out though everything on the machine agrees with it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "@strongroom/client";
import { parsePolicy, VerificationError, verifyReceipt } from "@strongroom/protocol";
import { type Attestor, startAttestor } from "../support/attestor/start-attestor.ts";
import { root } from "../support/root.ts";
import { type Service, startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";

const settings = {
  "checkpoint.entries": "1",
  "attestation.retry-initial-ms": "100",
  "attestation.retry-max-ms": "400",
};

interface Witness {
  readonly url: string;
  readonly vkey: string;
}

interface Instance {
  readonly service: Service;
  readonly client: Client;
  close(): Promise<void>;
}

async function open(t: TestContext, folder: string): Promise<Instance> {
  const service = await startService(folder, { settings });
  const client = await connect({ address: service.address, token: service.token });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await client.close();
    await service.stop();
  };
  t.after(close);
  return { service, client, close };
}

async function startWitness(t: TestContext, folder: string, vkeys: readonly string[]) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "logs"), vkeys.map((vkey) => `log ${vkey}\n`).join(""));
  const main = join(root, "services/witness/dist/main.js");
  const listen = ["--witness-listen", "127.0.0.1:0", "--witness-admin-listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [main, "--witness-folder", folder, ...listen], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => end(child));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, "line")) as [string];
  const { vkey, addresses } = JSON.parse(line);
  return { vkey, url: `http://${addresses.witness}` };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function attestorToken(client: Client): Promise<string> {
  await client.admin.setPrincipal({ name: "attestor", roles: ["attestor"], scopes: [] });
  return (await client.admin.createToken({ principal: "attestor" })).secret;
}

interface Outside {
  readonly folder: string;
  readonly token: string;
  readonly targets: readonly object[];
}

async function attest(t: TestContext, { service, client }: Instance, outside: Outside) {
  const { folder, token, targets } = outside;
  mkdirSync(folder, { recursive: true });
  const attestor = await startAttestor({ folder, server: service.address, token, targets });
  t.after(() => attestor.stop());
  const key = new Uint8Array(Buffer.from(attestor.attestationKey.publicKey, "base64"));
  await client.admin.registerKey({ purpose: "attestation", key, name: "attestor" }).catch(() => {});
  return attestor;
}

async function registerWitness(client: Client, { vkey }: Witness): Promise<void> {
  const key = new TextEncoder().encode(vkey);
  await client.admin.registerKey({ purpose: "witness", key, name: "w1" });
}

let facts = 0;
async function append(client: Client) {
  facts += 1;
  const value = { case: "text", value: `fact ${facts}` } as const;
  return await client.append({ scope: "test", entity: `e${facts}`, relation: "is", value });
}

/** Until every target attests a tree that holds this entry. */
async function attested(client: Client, index: bigint, names: readonly string[]): Promise<void> {
  for (;;) {
    const targets = await client.attestations.targets();
    const done = names.every((name) =>
      targets.some((target) => target.name === name && target.attestedSize > index),
    );
    if (done) return;
    await sleep(20);
  }
}

/** Bytes of every file, to be put back into the very same files: inodes stay as they are. */
function remember(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  return new Map(files.map((path) => [path, readFileSync(path)]));
}

function putBack(files: ReadonlyMap<string, Buffer>): void {
  for (const [path, bytes] of files) {
    truncateSync(path);
    writeFileSync(path, bytes);
  }
}

test("a receipt holds under `require witnessed`, offline, and not without the witness", async (t) => {
  const folder = temporaryFolder(t);
  const one = await open(t, join(folder, "data"));
  const { client } = one;
  const witness = await startWitness(t, join(folder, "witness"), client.logKeys);
  await registerWitness(client, witness);
  const target = { name: "w1", kind: "witness", url: witness.url, key: witness.vkey };
  const token = await attestorToken(client);
  await attest(t, one, { folder: join(folder, "attestor"), token, targets: [target] });
  const appended = await append(client);
  await attested(client, appended.index, ["w1"]);
  const receipt = await client.receipt({ cid: appended.cid }, { attested: true });
  const logs = client.logKeys.map((vkey) => `log ${vkey}\n`).join("");
  const policyOf = (vkey: string) =>
    parsePolicy(`${logs}witness w1 ${vkey}\nquorum w1\nrequire witnessed\nmax-age 3600\n`);
  const proven = verifyReceipt(receipt, policyOf(witness.vkey), Date.now());
  assert.deepEqual(proven.witnesses, ["w1"]);

  const other = await startWitness(t, join(folder, "other"), client.logKeys);
  const refusal = (): unknown => verifyReceipt(receipt, policyOf(other.vkey), Date.now());
  assert.throws(refusal, (error: unknown) => {
    assert.ok(error instanceof VerificationError);
    assert.equal(error.code, "WITNESS_REQUIRED");
    return true;
  });
});

for (const kind of ["witness", "file"] as const) {
  test(`an old copy, restored with its anchor, is found out by the ${kind}`, async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, "data");
    const first = await open(t, data);
    const token = await attestorToken(first.client);
    const witness = await startWitness(t, join(folder, "witness"), first.client.logKeys);
    await registerWitness(first.client, witness);
    const targets = [
      kind === "witness"
        ? { name: "outside", kind, url: witness.url, key: witness.vkey }
        : { name: "outside", kind, path: join(folder, "checkpoints") },
    ];
    const outside = { folder: join(folder, "attestor"), token, targets };
    let attestor: Attestor = await attest(t, first, outside);
    await attested(first.client, (await append(first.client)).index, ["outside"]);
    await attestor.stop();
    await first.close();
    const old = remember(first.service.storePath);

    const second = await open(t, data);
    attestor = await attest(t, second, outside);
    await attested(second.client, (await append(second.client)).index, ["outside"]);
    await attestor.stop();
    await second.close();
    putBack(old);

    const third = await open(t, data);
    assert.ok((await append(third.client)).index > 0n, "nothing on the machine tells");
    attestor = await attest(t, third, outside);
    await refusesToSign(third.client);
    const { state, reason } = await third.client.admin.status();
    assert.match(`${state} ${reason}`, /ROLLBACK_DETECTED|FORK_DETECTED/);
  });
}

async function refusesToSign(client: Client): Promise<void> {
  for (;;) {
    const code = await append(client).then(
      () => "",
      (error: { code: string }) => error.code,
    );
    if (["ROLLBACK_DETECTED", "FORK_DETECTED", "WRITER_STOPPED", "STANDBY"].includes(code)) return;
    await sleep(50);
  }
}
