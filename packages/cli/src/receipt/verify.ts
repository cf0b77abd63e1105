// Offline: reads the receipt and the key or policy, and nothing else. Loads protocol only.
import {
  formatCid,
  MalformedError,
  type Policy,
  type ProvenAttestation,
  type ProvenReceipt,
  parseReceipt,
  parseReceiptJson,
  parseTlogProof,
  toBase64,
  VerificationError,
  type VerifyReceiptOptions,
  verifyReceipt,
} from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { ProofError } from "../errors.ts";
import { fields } from "../output.ts";
import { readBytesFile } from "../settings.ts";
import { readBundleVerifier, readPolicy } from "../trust-policy.ts";
import { verifyTlogProof } from "./tlog-proof.ts";

interface ReceiptVerifyFlags {
  readonly fact?: string;
}

export const receiptVerifyVerb: Verb<ReceiptVerifyFlags> = async (context, [file = ""], flags) => {
  const { output, settings } = context;
  const policy = await readPolicy(settings);
  const bytes = await readBytesFile(file);
  const options: VerifyReceiptOptions = {
    ...(await readBundleVerifier(policy, settings)),
    ...(flags.fact !== undefined && { factBytes: await readBytesFile(flags.fact) }),
  };
  const document = proving(() => {
    if (file.endsWith(".tlog-proof")) return verifyTlogProof(parseTlogProof(bytes), policy);
    return provenJson(verifyFile(file, bytes, policy, options));
  });
  if (output.json) return output.document(document);
  await output.lines(
    ...fields(Object.entries(document).map(([name, value]) => [name, show(value)])),
  );
};

function verifyFile(
  file: string,
  bytes: Uint8Array,
  policy: Policy,
  options: VerifyReceiptOptions,
): ProvenReceipt {
  const receipt = file.endsWith(".json") ? parseReceiptJson(bytes) : parseReceipt(bytes);
  return verifyReceipt(receipt, policy, Date.now(), options);
}

/** Whatever is wrong with the receipt is a failed proof, malformed bytes included. */
function proving<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof VerificationError) {
      throw new ProofError(cause.code, cause.message, { cause, proven: cause.proven ?? [] });
    }
    if (cause instanceof MalformedError) throw new ProofError(cause.code, cause.message, { cause });
    throw cause;
  }
}

function provenJson(proven: ProvenReceipt): Record<string, unknown> {
  return {
    verdict: proven.verdict,
    proven: proven.proven,
    kind: proven.kind,
    ...(proven.cid === undefined ? {} : { cid: formatCid(proven.cid) }),
    index: String(proven.index),
    time: new Date(Number(proven.timeUnixMs)).toISOString(),
    origin: proven.origin,
    treeSize: String(proven.treeSize),
    root: toBase64(proven.root),
    authors: proven.authors.map((key) => toBase64(key)),
    witnesses: proven.witnesses,
    attestations: proven.attestations.map(attestationJson),
    refusedBundles: proven.refusedBundles.map((error) => ({
      code: "code" in error ? error.code : "INTERNAL",
      message: error.message,
    })),
    ...(proven.signedTimeUnixMs === undefined
      ? {}
      : { signedTime: new Date(proven.signedTimeUnixMs).toISOString() }),
  };
}

function attestationJson({ logId, logIndex, keyId, timeUnixMs }: ProvenAttestation) {
  return {
    logId,
    logIndex: String(logIndex),
    keyId,
    ...(timeUnixMs === undefined ? {} : { time: new Date(timeUnixMs).toISOString() }),
  };
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.values(value).join(" ");
}
