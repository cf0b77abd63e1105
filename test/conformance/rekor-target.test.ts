// The attestor's own target against a Rekor: ours, or a real one by `npm run test:rekor`.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type AttestationTarget, createTarget } from "@strongroom/attestor";
import { verifyAttestation } from "@strongroom/protocol/attestation";
import { createLogger } from "@strongroom/runtime";
import { makeSigningKey, OneWork, ORIGIN } from "../support/attestor/target-bench.ts";
import { openRekorUnderTest, type RekorUnderTest } from "../support/rekor/rekor-under-test.ts";

const signingKey = makeSigningKey();
const logger = createLogger({ name: "test", level: "silent" });

for (const version of [2, 1] as const) {
  describe(`the rekor target with version ${version}`, () => {
    let folder: string;
    let rekor: RekorUnderTest | undefined;
    let target: AttestationTarget | undefined;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "strongroom-rekor-"));
      rekor = await openRekorUnderTest(version);
      if (rekor === undefined) return;
      const trustedRoot = join(folder, "trusted_root.json");
      await writeFile(trustedRoot, rekor.trustedRoot);
      const { url, readUrl } = rekor;
      const common = { name: "log", kind: "rekor", concurrency: 2, timeoutMs: 60_000 } as const;
      const parts = { origin: ORIGIN, signingKey, logger };
      target = await createTarget({ ...common, url, readUrl, trustedRoot }, parts);
    });
    after(async () => {
      await target?.close();
      await rekor?.close();
      await rm(folder, { recursive: true });
    });

    it("attests, and again with the same stored request, to the same entry", async (t) => {
      if (rekor === undefined || target === undefined) {
        return t.skip("no real Rekor of this version was given");
      }
      const work = new OneWork();
      const trust = {
        attestationKeys: [signingKey.publicKeySpki],
        trustedRoots: [rekor.trustedRoot],
      };
      const indexes = [];
      for (let attempt = 0; attempt < 2; attempt++) {
        const result = await work.attempt(target);
        assert.ok(result.kind === "attested" && result.bundle, JSON.stringify(result));
        indexes.push(verifyAttestation(result.bundle, work.note, trust).logIndex);
      }
      assert.equal(indexes[0], indexes[1]);
    });
  });
}
