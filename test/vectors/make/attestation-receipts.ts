// Receipts with attestations, each with the policy and the time it is tried at.
import {
  encodeReceipt,
  MalformedError,
  parsePolicy,
  type Receipt,
  toBase64,
  VerificationError,
  verifyReceipt,
} from "@strongroom/protocol";
import { attestationVerifier } from "@strongroom/protocol/attestation";
import { attestationLines, attestorKey, bundleOf, otherKey, PROMISED_S } from "./attestation-parts.ts";
import { changed, flippedBase64, type Scene } from "./attestation-scene.ts";
import { FACT } from "./example-entries.ts";
import { anchorOf, LOG, logVkey, receiptOf, RETIRED } from "./receipt-parts.ts";

interface ReceiptCase {
  readonly why: string;
  readonly receipt: Receipt;
  readonly policy: string;
  readonly code?: string;
}

/** A minute after version 1 promised its entries. */
const NOW = (PROMISED_S + 60) * 1000;

export function attestedReceipts(scene: Scene) {
  return {
    receipts_valid: validReceipts(scene).map((wanted) => writeReceipt(wanted, scene)),
    receipts_invalid: invalidReceipts(scene).map((wanted) => writeReceipt(wanted, scene)),
  };
}

const ours = attestationLines([attestorKey], ["rekor1.json", "rekor2.json"]);
const required = `${LOG}${ours}require attested\n`;

function withBundles(bundles: readonly Uint8Array[], size?: number): Receipt {
  const anchor = anchorOf({ index: FACT, ...(size !== undefined && { size }) });
  return receiptOf(FACT, [{ ...anchor, bundles: [...bundles] }]);
}

function validReceipts(scene: Scene): ReceiptCase[] {
  const [v1, v2] = [bundleOf(scene.v1), bundleOf(scene.v2)];
  return [
    { why: "attested in a log of version 2", receipt: withBundles([v2]), policy: required },
    { why: "attested in two logs", receipt: withBundles([v1, v2]), policy: required },
    {
      why: "the same entry twice counts once",
      receipt: withBundles([v2, changed(scene.v2, (bundle) => Object.assign(bundle, { x: 1 }))]),
      policy: required,
    },
    {
      why: "a bundle that does not hold is passed over for one that does",
      receipt: withBundles([spoiled(scene), v2]),
      policy: required,
    },
    {
      why: "young enough by the time that a version 1 log signed",
      receipt: withBundles([v2, v1]),
      policy: `${required}max-age 60\n`,
    },
    {
      why: "a policy that asks for no attestation is told of it all the same",
      receipt: withBundles([v2]),
      policy: `${LOG}${ours}`,
    },
    {
      why: "nor does it mind one that does not hold",
      receipt: withBundles([spoiled(scene)]),
      policy: `${LOG}${ours}`,
    },
    {
      why: "an attested anchor behind one that is not",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT, size: 9 }),
        { ...anchorOf({ index: FACT }), bundles: [v2] },
      ]),
      policy: required,
    },
    {
      why: "a retired key with an attestation in place of a quorum",
      receipt: withBundles([v2]),
      policy: `quorum none\nretired ${logVkey} max-size 16\n${ours}`,
    },
  ];
}

function invalidReceipts(scene: Scene): ReceiptCase[] {
  const [v1, v2] = [bundleOf(scene.v1), bundleOf(scene.v2)];
  const code = "ATTESTATION_REQUIRED";
  return [
    { why: "no bundle", receipt: withBundles([]), policy: required, code },
    { why: "a bundle that does not hold", receipt: withBundles([spoiled(scene)]), policy: required, code },
    {
      why: "the attestation of another checkpoint of the same log",
      receipt: withBundles([v2], 9),
      policy: required,
      code,
    },
    {
      why: "no trusted root",
      receipt: withBundles([v2]),
      policy: `${LOG}${attestationLines([attestorKey], [])}require attested\n`,
      code,
    },
    {
      why: "another attestation key",
      receipt: withBundles([v2]),
      policy: `${LOG}${attestationLines([otherKey], ["rekor2.json"])}require attested\n`,
      code,
    },
    {
      why: "version 2 signs no time",
      receipt: withBundles([v2]),
      policy: `${required}max-age 100000\n`,
      code: "NO_TRUSTED_TIME",
    },
    {
      why: "older than max-age",
      receipt: withBundles([v1]),
      policy: `${required}max-age 59\n`,
      code: "RECEIPT_TOO_OLD",
    },
    {
      why: "attested but not witnessed",
      receipt: withBundles([v1, v2]),
      policy: `${required}require witnessed\n`,
      code: "WITNESS_REQUIRED",
    },
    {
      why: "a retired key beyond its size, attested",
      receipt: withBundles([v2]),
      policy: `quorum none\nretired ${logVkey} max-size 12\n${ours}`,
      code: "RETIRED_KEY",
    },
    {
      why: "a retired key whose attestation does not hold",
      receipt: withBundles([spoiled(scene)]),
      policy: `${RETIRED.replace("max-size 12", "max-size 16").replace("quorum two", "quorum none")}${ours}`,
      code: "RETIRED_KEY",
    },
  ];
}

function spoiled(scene: Scene): Uint8Array {
  return changed(scene.v2, (_, { inclusionProof }) => {
    inclusionProof.hashes[0] = flippedBase64(inclusionProof.hashes[0] ?? "", 3);
  });
}

function writeReceipt(wanted: ReceiptCase, scene: Scene) {
  const { why, receipt, policy } = wanted;
  const outcome = outcomeOf(receipt, policy, scene);
  const code = "code" in outcome ? outcome.code : undefined;
  if (code !== wanted.code) throw new Error(`${why}: expected ${wanted.code}, got ${code}`);
  return {
    why,
    receipt: toBase64(encodeReceipt(receipt)),
    policy,
    now_unix_ms: NOW,
    expect: outcome,
  };
}

function outcomeOf(receipt: Receipt, policyText: string, scene: Scene) {
  const policy = parsePolicy(policyText);
  const trustedRoots = policy.trustedRoots.map((name) => scene.roots[name] ?? new Uint8Array(0));
  try {
    const verifyBundle = attestationVerifier({ attestationKeys: policy.attestationKeys, trustedRoots });
    const done = verifyReceipt(receipt, policy, NOW, { verifyBundle });
    return {
      proven: done.proven,
      anchor: done.anchorIndex,
      attestations: done.attestations.map(({ logId, logIndex, timeUnixMs }) => ({
        log_id: logId,
        log_index: String(logIndex),
        ...(timeUnixMs !== undefined && { time_unix_ms: timeUnixMs }),
      })),
      refused: done.refusedBundles.map((error) => ("code" in error ? error.code : error.message)),
    };
  } catch (error) {
    if (error instanceof VerificationError) return { code: error.code, proven: error.proven };
    if (error instanceof MalformedError) return { code: error.code };
    throw error;
  }
}
