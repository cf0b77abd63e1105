// Attestations that hold and attestations that do not, alone and in receipts.
import { MalformedError, text, toBase64, VerificationError } from "@strongroom/protocol";
import { type AttestationTrust, verifyAttestation } from "@strongroom/protocol/attestation";
import { invalidBundles } from "./attestation-bundles-invalid.ts";
import { validBundles } from "./attestation-bundles-valid.ts";
import { type BundleCase, makeScene } from "./attestation-scene.ts";
import { attestedReceipts } from "./attestation-receipts.ts";

export async function makeAttestations() {
  const scene = await makeScene();
  const roots = new Map(Object.entries(scene.roots));
  return {
    trusted_roots: Object.fromEntries([...roots].map(([name, json]) => [name, text(json)])),
    bundles_valid: (await validBundles(scene)).map((wanted) => writeBundle(wanted, roots)),
    bundles_invalid: (await invalidBundles(scene)).map((wanted) => writeBundle(wanted, roots)),
    ...attestedReceipts(scene),
  };
}

function writeBundle(wanted: BundleCase, roots: ReadonlyMap<string, Uint8Array>) {
  const { why, bundle, note } = wanted;
  const trust: AttestationTrust = {
    attestationKeys: wanted.keys.map(({ spki }) => spki),
    trustedRoots: wanted.roots.map((name) => roots.get(name) as Uint8Array),
  };
  const outcome = outcomeOf(() => verifyAttestation(bundle, note, trust));
  const code = "code" in outcome ? outcome.code : undefined;
  if (code !== wanted.code) throw new Error(`${why}: expected ${wanted.code}, got ${code}`);
  return {
    why,
    bundle: toBase64(bundle),
    note: toBase64(note),
    attestation_keys: trust.attestationKeys.map(toBase64),
    trusted_roots: wanted.roots,
    expect: outcome,
  };
}

function outcomeOf(verify: () => ReturnType<typeof verifyAttestation>) {
  try {
    const done = verify();
    return {
      key_id: done.keyId,
      log_id: done.logId,
      log_index: String(done.logIndex),
      ...(done.timeUnixMs !== undefined && { time_unix_ms: done.timeUnixMs }),
      proven: done.proven,
    };
  } catch (error) {
    if (error instanceof VerificationError) return { code: error.code, proven: error.proven };
    if (error instanceof MalformedError) return { code: error.code };
    throw error;
  }
}
