// A bundle of ours under the stock tool, with the command that docs/operate/verify.md gives.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { ed25519Signer, signCheckpoint } from "@strongroom/protocol";
import {
  makeBundle,
  makeRekorRequest,
  parseRekorV1Answer,
  parseRekorV2Answer,
  signNoteForRekor,
} from "@strongroom/protocol/attestation";
import { startRekor } from "../support/rekor/start-rekor.ts";

const run = promisify(execFile);
const origin = "strongroom.example/cosign";
const checkpoint = { origin, size: 3n, root: new Uint8Array(32).fill(7) };
const note = signCheckpoint(checkpoint, [ed25519Signer(origin, new Uint8Array(32).fill(1))]);
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKeySpki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));

let folder: string;
let isThere = false;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "strongroom-cosign-"));
  isThere = await cosign(["version"]).then(
    () => true,
    () => false,
  );
});
after(() => rm(folder, { recursive: true, force: true }));

function cosign(args: readonly string[]) {
  return run("cosign", [...args], { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
}

async function bundleFrom(version: 1 | 2): Promise<{ bundle: Uint8Array; root: Uint8Array }> {
  const rekor = await startRekor({ version });
  try {
    const signature = signNoteForRekor(note, privateKey);
    const { body } = makeRekorRequest({ version, note, signature, publicKeySpki });
    const response = await fetch(`${rekor.url}/api/v${version}/log/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.from(body),
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    const entry = version === 1 ? parseRekorV1Answer(answer) : parseRekorV2Answer(answer);
    return { bundle: makeBundle({ request: body, entry }), root: rekor.trustedRoot };
  } finally {
    await rekor.close();
  }
}

describe("cosign verify-blob", () => {
  for (const version of [1, 2] as const) {
    it(`verifies an attestation by Rekor ${version}, and refuses it for another note`, async (t) => {
      if (!isThere) return t.skip("cosign is not on the PATH");
      const { bundle, root } = await bundleFrom(version);
      const pem = publicKey.export({ format: "pem", type: "spki" });
      const files = { "bundle.json": bundle, "trusted_root.json": root, "attestor.pem": pem, note };
      for (const [name, content] of Object.entries({ ...files, other: "another note\n" })) {
        await writeFile(join(folder, name), content);
      }
      const trust = ["--key", "attestor.pem", "--trusted-root", "trusted_root.json"];
      const args = ["verify-blob", "--bundle", "bundle.json", ...trust];
      const { stderr } = await cosign([...args, "note"]);
      assert.match(stderr, /Verified OK/);
      await assert.rejects(cosign([...args, "other"]), /failed to verify signature/);
    });
  }
});
