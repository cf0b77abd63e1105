// A real attestation of a note: signed, recorded by a Rekor of version 1, and put into a bundle.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  makeBundle,
  makeRekorRequest,
  parseRekorV1Answer,
  signNoteForRekor,
} from "@strongroom/protocol/attestation";
import type { Rekor } from "../rekor/start-rekor.ts";

export interface AttestationKeyPair {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly spki: Uint8Array;
}

export function newAttestationKey(): AttestationKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, spki: new Uint8Array(publicKey.export({ format: "der", type: "spki" })) };
}

/** Records a note as the attestor does; `rekor` is of version 1. */
export async function bundleFrom(
  rekor: Rekor,
  note: Uint8Array,
  { privateKey, spki: publicKeySpki }: AttestationKeyPair,
): Promise<Uint8Array> {
  const signature = signNoteForRekor(note, privateKey);
  const { body } = makeRekorRequest({ version: 1, note, signature, publicKeySpki });
  const response = await fetch(`${rekor.url}/api/v1/log/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: Buffer.from(body),
  });
  const entry = parseRekorV1Answer(new Uint8Array(await response.arrayBuffer()));
  return makeBundle({ request: body, entry });
}
