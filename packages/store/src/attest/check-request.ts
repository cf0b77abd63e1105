// Bounds of what a worker or an operator may ask.
import { utf8 } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import {
  type FailedAttempt,
  failureClasses,
  type LeaseRequest,
  type Target,
  targetKinds,
} from "./attestation-types.ts";

const TARGET_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const TARGETS_MAX = 64;
const LEASES_MAX = 100;
const IDS_MAX = 1000;
const DURATION_MS = { min: 1000, max: 600_000 };
const TOKEN_BYTES = 16;
export const REQUEST_BYTES_MAX = 64 * 1024;
export const PROOF_BYTES_MAX = 256 * 1024;
const MESSAGE_BYTES_MAX = 1024;
const COSIGNATURES_MAX = 16;
const COSIGNATURE_BYTES_MAX = 1024;

export function checkTargets(targets: readonly Target[]): void {
  require(targets.length >= 1 && targets.length <= TARGETS_MAX, `name 1 to ${TARGETS_MAX} targets`);
  const names = targets.map(({ name }) => name);
  require(new Set(names).size === names.length, "name each target once");
  for (const { name, kind } of targets) {
    require(TARGET_NAME.test(name), "a target's name is 1-64 of [a-z0-9._-]");
    require(targetKinds.includes(kind), "a target is a rekor, a witness or a file");
  }
}

export function checkLease(request: LeaseRequest): void {
  const { limit, durationMs, ids = [], worker } = request;
  checkTargets(request.targets);
  require(isWithin(limit, 1, LEASES_MAX), `lease 1 to ${LEASES_MAX} at once`);
  require(isWithin(durationMs, DURATION_MS.min, DURATION_MS.max), "lease for 1 s to 10 min");
  require(utf8(worker).length <= 128, "a worker's name has at most 128 bytes");
  checkIds(ids);
}

export function checkIds(ids: readonly number[]): void {
  require(ids.length <= IDS_MAX, `name at most ${IDS_MAX} ids`);
  require(ids.every((id) => isWithin(id, 1, Number.MAX_SAFE_INTEGER)), "an id is not one of ours");
}

export function checkToken(token: Uint8Array): void {
  require(token.length === TOKEN_BYTES, `a token has ${TOKEN_BYTES} bytes`);
}

export function checkSavedRequest(saved: {
  request: Uint8Array;
  requestLeafHash: Uint8Array;
}): void {
  const { request, requestLeafHash } = saved;
  require(isWithin(request.length, 1, REQUEST_BYTES_MAX), "a request has 1 to 65,536 bytes");
  require([0, 32].includes(requestLeafHash.length), "a leaf hash has 32 bytes");
}

export function checkBundle(bundle: Uint8Array): void {
  require(bundle.length <= PROOF_BYTES_MAX, "a bundle has at most 262,144 bytes");
}

export function checkCosignatures(lines: readonly Uint8Array[]): void {
  require(isWithin(
    lines.length,
    1,
    COSIGNATURES_MAX,
  ), `give 1 to ${COSIGNATURES_MAX} cosignatures`);
  const fits = lines.every((line) => isWithin(line.length, 1, COSIGNATURE_BYTES_MAX));
  require(fits, "a cosignature has 1 to 1,024 bytes");
}

export function checkFailed({ failure, message, retryAfterMs, evidence }: FailedAttempt): void {
  require(failureClasses.includes(failure), "there is no such failure class");
  require(utf8(message).length <= MESSAGE_BYTES_MAX, "a message has at most 1,024 bytes");
  require(retryAfterMs === undefined || retryAfterMs >= 0, "a wait is not negative");
  require((evidence?.length ?? 0) <= PROOF_BYTES_MAX, "evidence has at most 262,144 bytes");
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function require(holds: boolean, message: string): void {
  if (!holds) throw new StoreError("INVALID_ARGUMENT", `attestation work: ${message}`);
}
