// One note and its attestations in logs of both versions, and ways to change them.
import { text, utf8 } from "@strongroom/protocol";
import type { RekorLog } from "../../support/rekor/rekor-log.ts";
import {
  type AttestationExample,
  type AttestorKey,
  attest,
  attestorKey,
  bundleOf,
  exampleRekor,
} from "./attestation-parts.ts";
import { FACT } from "./example-entries.ts";
import { anchorOf } from "./receipt-parts.ts";
import { CERTIFICATES, TOKEN } from "./rfc3161.ts";

export interface BundleCase {
  readonly why: string;
  readonly bundle: Uint8Array;
  readonly note: Uint8Array;
  readonly keys: readonly AttestorKey[];
  /** Names of trusted roots. */
  readonly roots: readonly string[];
  /** Of the failure; absent: it holds. */
  readonly code?: string;
}

export interface Scene {
  readonly note: Uint8Array;
  readonly otherNote: Uint8Array;
  readonly log1: RekorLog;
  readonly log2: RekorLog;
  readonly v1: AttestationExample;
  readonly v2: AttestationExample;
  readonly roots: Readonly<Record<string, Uint8Array>>;
}

export async function makeScene(): Promise<Scene> {
  const note = anchorOf({ index: FACT }).checkpoint;
  const [log1, log2] = [await exampleRekor(1), await exampleRekor(2)];
  const v1 = await attest(log1, note);
  const v2 = await attest(log2, note);
  const root2 = JSON.parse(text(log2.key.trustedRoot()));
  const authority = {
    subject: { organization: "example", commonName: "Example TSA root" },
    certChain: { certificates: CERTIFICATES.map((rawBytes) => ({ rawBytes })) },
    validFor: { start: "2020-01-01T00:00:00Z" },
  };
  return {
    note,
    otherNote: anchorOf({ index: FACT, size: 9 }).checkpoint,
    log1,
    log2,
    v1,
    v2,
    roots: {
      "rekor1.json": log1.key.trustedRoot(),
      "rekor2.json": log2.key.trustedRoot(),
      "rekor2-and-tsa.json": jsonBytes({ ...root2, timestampAuthorities: [authority] }),
    },
  };
}

/** Under our key and both logs. */
export function trusted(scene: Scene) {
  return { note: scene.note, keys: [attestorKey], roots: ["rekor1.json", "rekor2.json"] };
}

export function jsonBytes(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

export interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    publicKey: { hint: string };
    certificate?: { rawBytes: string };
    tlogEntries: EntryJson[];
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  messageSignature: { messageDigest: { algorithm: string; digest: string }; signature: string };
}

export interface EntryJson {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime?: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint: { envelope: string };
  };
  canonicalizedBody: string;
}

/** A bundle with something changed in its JSON. */
export function changed(
  example: AttestationExample,
  change: (bundle: BundleJson, entry: EntryJson) => void,
): Uint8Array {
  const bundle = JSON.parse(text(bundleOf(example))) as BundleJson;
  change(bundle, bundle.verificationMaterial.tlogEntries[0] as EntryJson);
  return jsonBytes(bundle);
}

/** The RFC 3161 token over the signature of the version 2 example. */
export const timeStamp = { signedTimestamp: TOKEN };

export function flippedBase64(base64: string, at: number): string {
  const bytes = Buffer.from(base64, "base64");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString("base64");
}
