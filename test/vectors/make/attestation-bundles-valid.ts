// Attestations that hold.
import { attest, bundleOf, otherKey, PROMISED_S } from "./attestation-parts.ts";
import { type BundleCase, changed, type Scene, timeStamp, trusted } from "./attestation-scene.ts";
import { p256 } from "@noble/curves/nist.js";
import { toBase64 } from "@strongroom/protocol";
import { makeBundle, makeRekorRequest, parseRekorRequest, parseRekorV2Answer } from "@strongroom/protocol/attestation";
import { answerV2 } from "../../support/rekor/answers.ts";
import { entryOfV2Request } from "../../support/rekor/entry-v2.ts";

export async function validBundles(scene: Scene): Promise<BundleCase[]> {
  const { v1, v2 } = scene;
  const ours = trusted(scene);
  return [
    { ...ours, why: "version 2: no time", bundle: bundleOf(v2) },
    { ...ours, why: "version 1: the promise signs a time", bundle: bundleOf(v1) },
    {
      ...ours,
      why: "version 1 without its promise gives no time",
      bundle: changed(v1, (_, entry) => delete entry.inclusionPromise),
    },
    {
      ...ours,
      why: "version 2 with a time that nobody signed: it is not told",
      bundle: changed(v2, (_, entry) => {
        entry.integratedTime = String(PROMISED_S);
      }),
    },
    {
      ...ours,
      roots: ["rekor2-and-tsa.json"],
      why: "version 2 with an RFC 3161 time stamp over the signature",
      bundle: changed(v2, (bundle) => {
        bundle.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [timeStamp] };
      }),
    },
    {
      ...ours,
      why: "a version 1 log of several trees: the promise signs an index over all of them",
      bundle: severalTrees(scene),
    },
    {
      ...ours,
      keys: [otherKey, ...ours.keys],
      why: "another key is trusted too",
      bundle: bundleOf(v2),
    },
    {
      ...ours,
      why: "anybody can record our signature as (r, n - s), which is as good",
      bundle: await otherHalf(scene),
    },
    {
      ...ours,
      why: "members of no meaning are ignored",
      bundle: changed(v2, (bundle) => Object.assign(bundle, { further: 1 })),
    },
    {
      ...ours,
      keys: [otherKey],
      why: "under another key",
      bundle: bundleOf(await attest(scene.log2, scene.note, { key: otherKey })),
    },
  ];
}

function severalTrees({ v1, log1 }: Scene): Uint8Array {
  return changed(v1, (_, entry) => {
    const logIndex = Number(entry.logIndex) + 4_163_431;
    const signed = {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logID: log1.key.logId.toString("hex"),
      logIndex,
    };
    const promise = toBase64(log1.key.sign(JSON.stringify(signed)));
    entry.logIndex = String(logIndex);
    entry.inclusionPromise = { signedEntryTimestamp: promise };
  });
}

async function otherHalf({ v2, log2, note }: Scene): Promise<Uint8Array> {
  const { signature: der, publicKeySpki } = parseRekorRequest(v2.request);
  const { r, s } = p256.Signature.fromBytes(der, "der");
  const signature = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes("der");
  const { body } = makeRekorRequest({ version: 2, note, signature, publicKeySpki });
  const { index } = await log2.add(entryOfV2Request(Buffer.from(body)));
  const entry = parseRekorV2Answer(Buffer.from(answerV2(log2, index)));
  return makeBundle({ request: body, entry });
}
