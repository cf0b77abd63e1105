// Against a TUF repository on loopback. What reaches the caller is signed by the root it trusts.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeTufKey, startTufRepository } from "../testing/tuf-repository.ts";
import { type FetchTrustOptions, fetchTrust } from "./fetch-trust.ts";

const first = '{"tlogs": "first"}';
const second = '{"tlogs": "second"}';

async function start(context: TestContext) {
  const repository = await startTufRepository();
  const folder = await mkdtemp(join(tmpdir(), "strongroom-tuf-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  context.after(() => repository.close());
  const tufRoot = join(folder, "root.json");
  await writeFile(tufRoot, repository.root);
  repository.publish({ version: 1, targets: { "trusted_root.json": first } });
  const options = { mirror: repository.url, tufRoot, cache: join(folder, "tuf"), timeoutMs: 5000 };
  return { repository, options, folder };
}

async function trustedRootOf(options: FetchTrustOptions): Promise<string> {
  return new TextDecoder().decode((await fetchTrust(options)).trustedRoot);
}

test("gets the trusted root, with a signing configuration where there is one", async (t) => {
  const { repository, options } = await start(t);
  const plain = await fetchTrust(options);
  assert.equal(plain.mirror, repository.url);
  assert.equal(plain.signingConfig, undefined);
  const targets = { "trusted_root.json": second, "signing_config.v0.2.json": "{}" };
  repository.publish({ version: 2, targets });
  // The root was remembered: it is not asked for again.
  const fuller = await fetchTrust({ ...options, tufRoot: undefined });
  assert.equal(new TextDecoder().decode(fuller.trustedRoot), second);
  assert.equal(new TextDecoder().decode(fuller.signingConfig), "{}");
});

test("follows a root that hands over to another key", async (t) => {
  const { repository, options } = await start(t);
  assert.equal(await trustedRootOf(options), first);
  repository.rotate();
  repository.publish({ version: 2, targets: { "trusted_root.json": second } });
  assert.equal(await trustedRootOf(options), second);
});

test("refuses another repository without a root for it", async (t) => {
  const { options } = await start(t);
  await assert.rejects(fetchTrust({ ...options, tufRoot: undefined }), { code: "TRUST_INVALID" });
});

test("refuses what another key signed, what is expired, older, or not what was promised", async (t) => {
  const publish: Record<string, (r: Awaited<ReturnType<typeof start>>["repository"]) => void> = {
    "another key": (r) =>
      r.publish({ version: 3, targets: { "trusted_root.json": second }, key: makeTufKey() }),
    expired: (r) =>
      r.publish({
        version: 3,
        targets: { "trusted_root.json": second },
        expires: "2024-01-01T00:00:00Z",
      }),
    older: (r) => {
      r.publish({ version: 1, targets: { "trusted_root.json": second } });
    },
    "another target": (r) => {
      r.publish({ version: 3, targets: { "trusted_root.json": second } });
      r.tamper(/^targets\//, '{"tlogs": "second!"}');
    },
    "no such target": (r) => r.publish({ version: 3, targets: { other: second } }),
  };
  for (const [name, change] of Object.entries(publish)) {
    const { repository, options } = await start(t);
    repository.publish({ version: 2, targets: { "trusted_root.json": first } });
    assert.equal(await trustedRootOf(options), first);
    change(repository);
    const refused = fetchTrust(options);
    await assert.rejects(refused, { name: "CliError", code: "TRUST_INVALID" }, name);
  }
});

test("says when nobody answers", async (t) => {
  const { repository, options } = await start(t);
  await repository.close();
  const refused = fetchTrust({ ...options, timeoutMs: 500 });
  await assert.rejects(refused, { name: "CliError", code: "TRUST_UNAVAILABLE" });
});
