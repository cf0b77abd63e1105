// Bundles that are not of the one shape that attestations have.
import { utf8 } from "@strongroom/protocol";
import {
  type BundleCase,
  type BundleJson,
  changed,
  type EntryJson,
  type Scene,
  trusted,
} from "./attestation-scene.ts";

const changes: Readonly<Record<string, (bundle: BundleJson, entry: EntryJson) => void>> = {
  "a bundle of version 0.1": (bundle) => {
    bundle.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1";
  },
  "no signature": (bundle) => Reflect.deleteProperty(bundle, "messageSignature"),
  "an envelope in place of a signature": (bundle) => {
    Reflect.deleteProperty(bundle, "messageSignature");
    const dsseEnvelope = { payload: "AAAA", payloadType: "x", signatures: [{ sig: "AAAA" }] };
    Object.assign(bundle, { dsseEnvelope });
  },
  "a certificate in place of a public key": ({ verificationMaterial }) => {
    Reflect.deleteProperty(verificationMaterial, "publicKey");
    verificationMaterial.certificate = { rawBytes: "AAAA" };
  },
  "a digest of another kind": ({ messageSignature }) => {
    messageSignature.messageDigest.algorithm = "SHA2_512";
  },
  "a digest of 31 bytes": ({ messageSignature: { messageDigest } }) => {
    messageDigest.digest = Buffer.alloc(31).toString("base64");
  },
  "no log entry": ({ verificationMaterial }) => {
    verificationMaterial.tlogEntries = [];
  },
  "two log entries, which could lend each other their times": (bundle, entry) => {
    bundle.verificationMaterial.tlogEntries = [entry, entry];
  },
  "an entry without its inclusion proof": (_, entry) =>
    Reflect.deleteProperty(entry, "inclusionProof"),
  "an entry of another kind": (_, entry) => {
    entry.kindVersion = { kind: "dsse", version: "0.0.2" };
  },
  "an entry of a version that is not known": (_, entry) => {
    entry.kindVersion.version = "0.0.3";
  },
  "an index that is no number": (_, entry) => {
    entry.logIndex = "seven";
  },
  "an index below zero": (_, entry) => {
    entry.inclusionProof.logIndex = "-1";
  },
  "five time stamps": ({ verificationMaterial }) => {
    const rfc3161Timestamps = Array(5).fill({ signedTimestamp: "AAAA" });
    verificationMaterial.timestampVerificationData = { rfc3161Timestamps };
  },
};

const checkpoints: Readonly<Record<string, (envelope: string) => string>> = {
  "two blank lines in the log's checkpoint": (envelope) => envelope.replace("\n\n", "\n\n\n\n"),
  "no size in the log's checkpoint": (envelope) => envelope.replace(/\n[0-9]+\n/, "\nmany\n"),
  "a short root in the log's checkpoint": (envelope) => envelope.replace(/\n\S+\n\n/, "\nAAAA\n\n"),
};

export function malformedBundles(scene: Scene): BundleCase[] {
  const ours = { ...trusted(scene), code: "MALFORMED_BUNDLE" };
  return [
    { ...ours, why: "not JSON", bundle: utf8("bundle") },
    { ...ours, why: "not an object", bundle: utf8("[]") },
    { ...ours, why: "not UTF-8", bundle: Uint8Array.of(0xff, 0xfe) },
    {
 ...ours, why: "nested too deeply", bundle: utf8("[".repeat(17) + "]".repeat(17)), code: "LIMIT_EXCEEDED" },
    {
      ...ours,
      why: "brackets in a string are no depth",
      bundle: utf8(`{"mediaType":"${"[".repeat(99)}\\""}`),
    },
    ...Object.entries(changes).map(([why, change]) => {
      return { ...ours, why, bundle: changed(scene.v2, change) };
    }),
    ...Object.entries(checkpoints).map(([why, change]) => ({
      ...ours,
      why,
      bundle: changed(scene.v2, (_, { inclusionProof: { checkpoint } }) => {
        checkpoint.envelope = change(checkpoint.envelope);
      }),
      code: "MALFORMED_CHECKPOINT",
    })),
    {
      ...ours,
      why: "a log's checkpoint without signatures",
      bundle: changed(scene.v2, (_, { inclusionProof: { checkpoint } }) => {
        checkpoint.envelope = checkpoint.envelope.replace(/\n\n.*\n$/, "\n\nsigned\n");
      }),
      code: "MALFORMED_NOTE",
    },
  ];
}
