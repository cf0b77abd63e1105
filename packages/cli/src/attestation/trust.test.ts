// `attestation trust` from end to end: a TUF repository on loopback, a running store, key events.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCli } from "../testing/run-cli.ts";
import { runDev } from "../testing/run-dev.ts";
import { startTufRepository } from "../testing/tuf-repository.ts";

function trustedRoot(...hosts: string[]): string {
  const tlogs = hosts.map((host) => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const rawBytes = publicKey.export({ format: "der", type: "spki" }).toString("base64");
    const validFor = { start: "2024-01-01T00:00:00Z" };
    return {
      baseUrl: `https://${host}`,
      hashAlgorithm: "SHA2_256",
      publicKey: { rawBytes, keyDetails: "PKIX_ED25519", validFor },
      logId: { keyId: Buffer.from(host.padEnd(32)).toString("base64") },
    };
  });
  const mediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
  const nobody = { certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  return JSON.stringify({ mediaType, tlogs, ...nobody });
}

test("refreshes trust when asked: new roots are registered, old ones retired, each in the log", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-trust-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const data = join(folder, "data");
  const dev = await runDev(data);
  t.after(() => dev.stop());
  const repository = await startTufRepository();
  t.after(() => repository.close());
  const tufRoot = join(folder, "root.json");
  await writeFile(tufRoot, repository.root);

  const trust = async (...args: string[]) => {
    const ran = await runCli(["attestation", "trust", ...args, "--json"], {
      STRONGROOM_DATA: data,
    });
    const document = JSON.parse(ran.stdout.trimEnd().split("\n").at(-1) ?? "{}");
    return { ...ran, document };
  };
  const refresh = (...args: string[]) =>
    trust("refresh", "--mirror", repository.url, "--tuf-root", tufRoot, ...args);
  const shown = async () =>
    (await trust("show")).document.logs.map(({ url }: { url: string }) => url);

  assert.deepEqual(await shown(), []);
  const first = trustedRoot("one.example");
  repository.publish({ version: 1, targets: { "trusted_root.json": first } });
  const dry = await refresh("--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.document.registered, /^[0-9a-f]{64}$/);
  assert.deepEqual(await shown(), [], "a dry run changes nothing");

  const out = join(folder, "trust");
  const made = await refresh("--out", out);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.document.registered, dry.document.registered);
  assert.equal(await readFile(join(out, "trusted_root.json"), "utf8"), first);
  assert.deepEqual(await shown(), ["https://one.example"]);
  const again = await refresh();
  assert.deepEqual([again.document.registered, again.document.retired], [undefined, []]);

  const second = trustedRoot("one.example", "two.example");
  repository.publish({ version: 2, targets: { "trusted_root.json": second } });
  const changed = await refresh();
  assert.deepEqual(changed.document.retired, [made.document.registered]);
  assert.deepEqual(await shown(), ["https://one.example", "https://two.example"]);

  repository.publish({ version: 3, targets: { "trusted_root.json": "{}" } });
  const refused = await refresh("--out", out);
  assert.equal(refused.code, 2, refused.stdout);
  assert.equal(refused.document.error.code, "MALFORMED_TRUSTED_ROOT");
  assert.equal(await readFile(join(out, "trusted_root.json"), "utf8"), first);
  assert.deepEqual(await shown(), ["https://one.example", "https://two.example"]);

  const entries = await runCli(["log", "entries", "--bodies", "--json"], { STRONGROOM_DATA: data });
  const events = entries.stdout.match(/trusted-root-(registered|retired)/g);
  assert.deepEqual(events?.toSorted(), [
    "trusted-root-registered",
    "trusted-root-registered",
    "trusted-root-retired",
  ]);
});

test("an unknown action is wrong usage", async () => {
  const ran = await runCli(["attestation", "trust", "forget"]);
  assert.equal(ran.code, 2);
});
