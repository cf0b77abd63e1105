// Attestations that do not hold, one for each step and each way around it.
import { toBase64, utf8 } from "@strongroom/protocol";
import {
  makeBundle,
  makeRekorRequest,
  parseRekorV2Answer,
} from "@strongroom/protocol/attestation";
import { answerV2 } from "../../support/rekor/answers.ts";
import { attest, attestorKey, bundleOf, exampleRekor, otherKey } from "./attestation-parts.ts";
import {
  type BundleCase,
  changed,
  flippedBase64,
  jsonBytes,
  type Scene,
  timeStamp,
  trusted,
} from "./attestation-scene.ts";
import { malformedBundles } from "./attestation-bundles-malformed.ts";

export async function invalidBundles(scene: Scene): Promise<BundleCase[]> {
  return [
    ...malformedBundles(scene),
    ...(await wrongSigner(scene)),
    ...(await wrongLog(scene)),
    ...(await wrongPlace(scene)),
    ...(await wrongTime(scene)),
  ];
}

async function wrongSigner(scene: Scene): Promise<BundleCase[]> {
  const { v2, v1, log2, note } = scene;
  const ours = trusted(scene);
  const theirs = bundleOf(await attest(log2, note, { key: otherKey }));
  const hint = JSON.parse(Buffer.from(bundleOf(v2)).toString()).verificationMaterial.publicKey.hint;
  return [
    {
      ...ours,
      why: "a key that is not trusted",
      bundle: theirs,
      code: "ATTESTATION_KEY_UNTRUSTED",
    },
    { ...ours, keys: [], why: "no key is trusted", bundle: bundleOf(v2), code: "ATTESTATION_KEY_UNTRUSTED" },
    {
      ...ours,
      why: "somebody else's entry under our hint: the entry's key is not ours",
      bundle: changedJson(theirs, (bundle) => {
        bundle.verificationMaterial.publicKey.hint = hint;
      }),
      code: "ATTESTATION_ENTRY_MISMATCH",
    },
    {
      ...ours,
      note: scene.otherNote,
      why: "another note",
      bundle: bundleOf(v2),
      code: "ATTESTATION_NOTE_MISMATCH",
    },
    {
      ...ours,
      note: new Uint8Array([...note, ...utf8("\u2014 witness.example AAAAAAAA\n")]),
      why: "the note with a further signature line: the note is attested as first stored",
      bundle: bundleOf(v2),
      code: "ATTESTATION_NOTE_MISMATCH",
    },
    {
      ...ours,
      why: "a signature that does not hold, though the log took it",
      bundle: await unsigned(scene),
      code: "ATTESTATION_SIGNATURE_INVALID",
    },
    {
      ...ours,
      why: "the entry of another signature",
      bundle: changed(v1, (bundle) => {
        const { messageSignature } = bundle;
        messageSignature.signature = flippedBase64(messageSignature.signature, 20);
      }),
      code: "ATTESTATION_ENTRY_MISMATCH",
    },
    {
      ...ours,
      why: "another entry altogether",
      bundle: bundleOf(await attest(log2, scene.otherNote, { fault: { kind: "other-entry" } })),
      note: scene.otherNote,
      code: "ATTESTATION_ENTRY_MISMATCH",
    },
  ];
}

async function wrongLog(scene: Scene): Promise<BundleCase[]> {
  const { v1, v2, note } = scene;
  const ours = trusted(scene);
  const stranger = await exampleRekor(2, "stranger.example");
  const impostor = await exampleRekor(2, "rekor2.example/");
  return [
    {
      ...ours,
      why: "a log that no trusted root names",
      bundle: bundleOf(await attest(stranger, note)),
      code: "ATTESTATION_LOG_UNTRUSTED",
    },
    { ...ours, roots: [], why: "no trusted root", bundle: bundleOf(v1), code: "ATTESTATION_LOG_UNTRUSTED" },
    {
      ...ours,
      why: "the id of a trusted log with the checkpoint of another",
      bundle: changedJson(bundleOf(await attest(stranger, note)), (bundle) => {
        const [entry] = bundle.verificationMaterial.tlogEntries;
        if (entry) entry.logId.keyId = toBase64(scene.log2.key.logId);
      }),
      code: "ATTESTATION_LOG_UNTRUSTED",
    },
    {
      ...ours,
      why: "the id of a trusted log with a name that only looks like it",
      bundle: changedJson(bundleOf(await attest(impostor, note)), (bundle) => {
        const [entry] = bundle.verificationMaterial.tlogEntries;
        if (entry) entry.logId.keyId = toBase64(scene.log2.key.logId);
      }),
      code: "ATTESTATION_LOG_UNTRUSTED",
    },
    {
      ...ours,
      why: "the checkpoint is signed by another key under its own id",
      bundle: changed(v2, (_, entry) => {
        const { checkpoint } = entry.inclusionProof;
        const line = stranger.key.signCheckpoint("rekor2.example", 1, new Uint8Array(32));
        const [text = ""] = checkpoint.envelope.split("\n\n");
        const [, foreign = ""] = line.split("\n\n");
        checkpoint.envelope = `${text}\n\n${foreign.replace("stranger", "rekor2")}`;
      }),
      code: "ATTESTATION_CHECKPOINT_INVALID",
    },
    ...[v1, v2].map((example, i) => ({
      ...ours,
      why: `the checkpoint's signature does not hold, version ${i + 1}`,
      bundle: changed(example, (_, entry) => {
        const { checkpoint } = entry.inclusionProof;
        const [, signature = ""] = /(\S+)\n$/.exec(checkpoint.envelope) ?? [];
        const wrong = flippedBase64(signature, 40);
        checkpoint.envelope = checkpoint.envelope.replace(signature, wrong);
      }),
      code: "ATTESTATION_CHECKPOINT_INVALID",
    })),
  ];
}

async function wrongPlace(scene: Scene): Promise<BundleCase[]> {
  const { v1, v2, log1, log2, note } = scene;
  const ours = trusted(scene);
  const faulty = [
    { log: log1, kind: "wrong-proof", code: "ATTESTATION_INCLUSION_MISMATCH" },
    { log: log2, kind: "wrong-proof", code: "ATTESTATION_INCLUSION_MISMATCH" },
    { log: log1, kind: "stale-checkpoint", code: "ATTESTATION_INCLUSION_MISMATCH" },
    { log: log2, kind: "stale-checkpoint", code: "ATTESTATION_INCLUSION_MISMATCH" },
    { log: log1, kind: "wrong-index", code: "ATTESTATION_PROMISE_INVALID" },
    { log: log2, kind: "wrong-index", code: "ATTESTATION_INDEX_MISMATCH" },
  ] as const;
  const made = faulty.map(async ({ log, kind, code }) => {
    const bundle = bundleOf(await attest(log, note, { fault: { kind } }));
    return { ...ours, why: `a log of version ${log.version} with ${kind}`, bundle, code };
  });
  return [
    ...(await Promise.all(made)),
    {
      ...ours,
      why: "version 1 without a promise and another index than the proof's",
      bundle: changed(v1, (_, entry) => {
        delete entry.inclusionPromise;
        entry.logIndex = "999";
      }),
      code: "ATTESTATION_INDEX_MISMATCH",
    },
    {
      ...ours,
      why: "the proof says that it is for another size",
      bundle: changed(v2, (_, { inclusionProof }) => {
        inclusionProof.treeSize = "100";
      }),
      code: "ATTESTATION_INCLUSION_MISMATCH",
    },
    {
      ...ours,
      why: "a hash more than the proof needs",
      bundle: changed(v2, (_, { inclusionProof }) => {
        inclusionProof.hashes.push(inclusionProof.rootHash);
      }),
      code: "ATTESTATION_INCLUSION_MISMATCH",
    },
  ];
}

async function wrongTime(scene: Scene): Promise<BundleCase[]> {
  const { v1, v2, log2, otherNote } = scene;
  const other = await attest(log2, otherNote);
  const last = Buffer.from(timeStamp.signedTimestamp, "base64").length - 1;
  const ours = trusted(scene);
  const stamped = (signedTimestamp: string) =>
    changed(v2, (bundle) => {
      const rfc3161Timestamps = [{ signedTimestamp }];
      bundle.verificationMaterial.timestampVerificationData = { rfc3161Timestamps };
    });
  const withTsa = { ...ours, roots: ["rekor2-and-tsa.json"], code: "ATTESTATION_TIME_INVALID" };
  return [
    {
      ...ours,
      why: "another time than the promise signs",
      bundle: changed(v1, (_, entry) => {
        entry.integratedTime = String(Number(entry.integratedTime) + 3600);
      }),
      code: "ATTESTATION_PROMISE_INVALID",
    },
    {
      ...ours,
      why: "a promise that does not hold",
      bundle: changed(v1, (_, entry) => {
        const { signedEntryTimestamp = "" } = entry.inclusionPromise ?? {};
        entry.inclusionPromise = { signedEntryTimestamp: flippedBase64(signedEntryTimestamp, 40) };
      }),
      code: "ATTESTATION_PROMISE_INVALID",
    },
    {
      ...ours,
      why: "a time stamp of an authority that no trusted root names",
      bundle: stamped(timeStamp.signedTimestamp),
      code: "ATTESTATION_TIME_INVALID",
    },
    {
      ...withTsa,
      why: "a time stamp whose signature does not hold",
      bundle: stamped(flippedBase64(timeStamp.signedTimestamp, last)),
    },
    { ...withTsa, why: "a time stamp that is none", bundle: stamped(toBase64(utf8("noon"))) },
    {
      ...withTsa,
      note: otherNote,
      why: "a time stamp over another signature",
      bundle: changed(other, (bundle) => {
        bundle.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [timeStamp] };
      }),
    },
  ];
}

// No real log takes it; the entry must still agree with the bundle to come this far.
async function unsigned({ log2, note }: Scene): Promise<Uint8Array> {
  const signature = Buffer.from("3006020101020101", "hex");
  const { spki: publicKeySpki } = attestorKey;
  const request = makeRekorRequest({ version: 2, note, signature, publicKeySpki });
  const { index } = await log2.add(Buffer.from(request.entryBody));
  const entry = parseRekorV2Answer(Buffer.from(answerV2(log2, index)));
  return makeBundle({ request: request.body, entry });
}

function changedJson(
  bundle: Uint8Array,
  change: (bundle: import("./attestation-scene.ts").BundleJson) => void,
): Uint8Array {
  const json = JSON.parse(Buffer.from(bundle).toString());
  change(json);
  return jsonBytes(json);
}
