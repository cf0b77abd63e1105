// What attestations in the vectors are put together from: logs of both versions with fixed keys,
// and signatures without chance.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { toBase64, utf8 } from "@strongroom/protocol";
import {
  makeBundle,
  makeRekorRequest,
  parseRekorV1Answer,
  parseRekorV2Answer,
  type RekorEntry,
} from "@strongroom/protocol/attestation";
import { answerV1, answerV2 } from "../../support/rekor/answers.ts";
import { entryOfV1Request } from "../../support/rekor/entry-v1.ts";
import { entryOfV2Request } from "../../support/rekor/entry-v2.ts";
import type { Fault } from "../../support/rekor/faults.ts";
import type { RekorVersion } from "../../support/rekor/log-key.ts";
import { RekorLog } from "../../support/rekor/rekor-log.ts";
import { signP256 } from "../../support/rekor/signed-digest.ts";
import { seedOf, START_UNIX_MS } from "./example-log.ts";

/** When version 1 promised each entry. */
export const PROMISED_S = START_UNIX_MS / 1000 + 150;

export interface AttestationExample {
  readonly request: Uint8Array;
  readonly entry: RekorEntry;
}

export interface AttestorKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

export const attestorKey = p256KeyOf("attestation key");
export const otherKey = p256KeyOf("another attestation key");

export function p256KeyOf(label: string): AttestorKey {
  const privateKey = createPrivateKey({ key: sec1Of(label), format: "der", type: "sec1" });
  const publicKey = createPublicKey(privateKey);
  return { privateKey, spki: new Uint8Array(publicKey.export({ format: "der", type: "spki" })) };
}

// SEC 1 ECPrivateKey with the curve's name and no public key: the scalar is the seed.
function sec1Of(label: string): Buffer {
  const head = Buffer.from("30310201010420", "hex");
  const curve = Buffer.from("a00a06082a8648ce3d030107", "hex");
  return Buffer.concat([head, seedOf(label), curve]);
}

/** A log that already holds five entries of nobody in particular. */
export async function exampleRekor(version: RekorVersion, hostname = hostOf(version)) {
  const label = `${hostname} key`;
  const privateKeyPem = version === 1 ? p256PemOf(label) : ed25519PemOf(label);
  const log = new RekorLog({
    version,
    hostname,
    checkpointIntervalMs: 0,
    privateKeyPem,
    nowS: () => PROMISED_S,
  });
  for (let i = 0; i < 5; i++) await log.add(Buffer.from(`{"spec":{"filler":${i}}}`));
  return log;
}

export function hostOf(version: RekorVersion): string {
  return `rekor${version}.example`;
}

/** Signs a note and records it, with the fault that was asked for. */
export async function attest(
  log: RekorLog,
  note: Uint8Array,
  options: { readonly fault?: Fault; readonly key?: AttestorKey } = {},
): Promise<AttestationExample> {
  const { key = attestorKey, fault } = options;
  const { version } = log;
  const signature = new Uint8Array(signP256(key.privateKey, note));
  const { body } = makeRekorRequest({ version, note, signature, publicKeySpki: key.spki });
  const entryOf = version === 1 ? entryOfV1Request : entryOfV2Request;
  const { index } = await log.add(entryOf(Buffer.from(body)));
  // More entries behind it, so that its proof has hashes on both sides.
  for (let i = 0; i < 3; i++) await log.add(Buffer.from(`{"spec":{"filler":"${index} ${i}"}}`));
  const answer = version === 1 ? answerV1(log, index, fault) : answerV2(log, index, fault);
  const parse = version === 1 ? parseRekorV1Answer : parseRekorV2Answer;
  return { request: body, entry: parse(utf8(answer)) };
}

export function bundleOf({ request, entry }: AttestationExample): Uint8Array {
  return makeBundle({ request, entry });
}

/** Policy lines that trust a key and the named trusted roots. */
export function attestationLines(keys: readonly AttestorKey[], roots: readonly string[]): string {
  const keyLines = keys.map(({ spki }) => `attestation-key ${toBase64(spki)}\n`);
  const rootLines = roots.map((name) => `trusted-root ${name}\n`);
  return [...keyLines, ...rootLines].join("");
}

function p256PemOf(label: string): string {
  const { privateKey } = p256KeyOf(label);
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

function ed25519PemOf(label: string): string {
  const head = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({
    key: Buffer.concat([head, seedOf(label)]),
    format: "der",
    type: "pkcs8",
  });
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}
