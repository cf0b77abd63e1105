// An RFC 3161 time stamp over a signature, for logs that give no time. Asking is all that is done
// here: what comes back counts only once the bundle that holds it was verified under a trusted root
// that names the authority.
import { createHash, randomBytes } from "node:crypto";
import { concatBytes } from "@strongroom/protocol";
import { failureOfStatus, HttpFailure, type HttpTarget } from "./http-exchange.ts";
import type { TargetFailure } from "./target.ts";

export const TIMESTAMP_BYTES_MAX = 32 * 1024;
const SHA256_ALGORITHM = Uint8Array.from([
  0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
]);
const NONCE_BYTES = 8;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
const TRUE = Uint8Array.from([0x01, 0x01, 0xff]);
const VERSION_1 = Uint8Array.from([0x02, 0x01, 0x01]);

/**
 * Asks an authority for a time stamp and returns its whole answer, a TimeStampResp in DER, as a
 * Sigstore bundle holds it. Throws HttpFailure with what is to happen next.
 */
export async function fetchTimestamp(
  signature: Uint8Array,
  authority: { readonly url: URL; readonly http: HttpTarget },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { url, http } = authority;
  const { body, nonce } = makeTimestampRequest(signature);
  const contentType = "application/timestamp-query";
  const answer = await http.exchange({ method: "POST", url, body, contentType }, signal);
  const refused = failureOfStatus(answer);
  if (refused !== undefined) throw new HttpFailure(refused);
  const status = statusOf(answer.body);
  if (status === undefined) throw invalid("time stamp cannot be read", answer.body);
  if (status > 1) throw new HttpFailure(refusal(status));
  // Not somebody else's, and not an old one: ours names our digest and our nonce.
  const digest = sha256(signature);
  if (!contains(answer.body, digest) || !contains(answer.body, nonce)) {
    throw invalid("time stamp is for something else", answer.body);
  }
  return answer.body;
}

/** TimeStampReq of version 1 over SHA-256 of the signature, asking for certificates. */
function makeTimestampRequest(signature: Uint8Array): { body: Uint8Array; nonce: Uint8Array } {
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  // Positive and in its shortest form.
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
  const imprint = der(SEQUENCE, SHA256_ALGORITHM, der(OCTET_STRING, sha256(signature)));
  return { body: der(SEQUENCE, VERSION_1, imprint, der(INTEGER, nonce), TRUE), nonce };
}

/** PKIStatus: 0 granted, 1 granted with modifications; undefined if this is no answer at all. */
function statusOf(answer: Uint8Array): number | undefined {
  const whole = contentOf(answer, SEQUENCE);
  const info = whole && contentOf(whole, SEQUENCE);
  const status = info && contentOf(info, INTEGER);
  return status?.length === 1 ? status[0] : undefined;
}

/** Content of the element that these bytes begin with. */
function contentOf(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const [first, short = 0] = bytes;
  if (first !== tag) return undefined;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  if (lengthBytes > 3) return undefined;
  const long = bytes.subarray(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  const length = lengthBytes === 0 ? short : long;
  const content = bytes.subarray(2 + lengthBytes, 2 + lengthBytes + length);
  return content.length === length ? content : undefined;
}

function der(tag: number, ...content: Uint8Array[]): Uint8Array {
  const body = concatBytes(...content);
  if (body.length >= 0x80) throw new RangeError("longer than a time stamp request is");
  return concatBytes(Uint8Array.of(tag, body.length), body);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes).includes(Buffer.from(part));
}

function refusal(status: number): TargetFailure {
  const message = `time stamp authority refuses with status ${status}`;
  return { kind: "failed", failure: "server-error", message };
}

function invalid(message: string, evidence: Uint8Array): HttpFailure {
  return new HttpFailure({ kind: "failed", failure: "invalid-answer", message, evidence });
}
