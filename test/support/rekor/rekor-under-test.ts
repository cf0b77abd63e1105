// The Rekor that a suite runs against: a real one whose addresses the environment gives, or ours.
import { readFileSync } from "node:fs";
import type { RekorVersion } from "./log-key.ts";
import { startRekor } from "./start-rekor.ts";

export interface RekorUnderTest {
  readonly version: RekorVersion;
  readonly url: string;
  /** Where checkpoint and tiles are (version 2). */
  readonly readUrl: string;
  readonly trustedRoot: Uint8Array;
  readonly isReal: boolean;
  close(): Promise<void>;
}

/** Undefined: `npm run test:rekor` was given no Rekor of this version. Throws if of neither. */
export async function openRekorUnderTest(
  version: RekorVersion,
): Promise<RekorUnderTest | undefined> {
  const given = addressesOf(version);
  if (given) {
    const { url, readUrl, rootFile } = given;
    const trustedRoot = new Uint8Array(readFileSync(rootFile));
    return { version, url, readUrl, trustedRoot, isReal: true, close: async () => {} };
  }
  if (process.env.STRONGROOM_TEST_REKOR === "real") {
    if (addressesOf(1) ?? addressesOf(2)) return undefined;
    throw new Error(
      "set STRONGROOM_TEST_REKOR_URL, STRONGROOM_TEST_REKOR_READ_URL and " +
        "STRONGROOM_TEST_REKOR_TRUSTED_ROOT (with _V1 at the end for version 1)",
    );
  }
  const { url, readUrl, trustedRoot, close } = await startFake(version);
  return { version, url, readUrl, trustedRoot, isReal: false, close };
}

async function startFake(version: RekorVersion) {
  const rekor = await startRekor({ version, checkpointIntervalMs: 20 });
  const { url, readUrl, trustedRoot } = rekor;
  return { url, readUrl, trustedRoot, close: () => rekor.close() };
}

function addressesOf(version: RekorVersion) {
  const suffix = version === 1 ? "_V1" : "";
  const [url, readUrl, rootFile] = ["URL", "READ_URL", "TRUSTED_ROOT"].map(
    (name) => process.env[`STRONGROOM_TEST_REKOR_${name}${suffix}`],
  );
  if (url === undefined || rootFile === undefined) return undefined;
  return { url: trimmed(url), readUrl: trimmed(readUrl ?? url), rootFile };
}

function trimmed(url: string): string {
  return url.replace(/\/$/, "");
}
