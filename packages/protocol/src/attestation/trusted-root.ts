// What a verifier trusts, decoded once: Sigstore TrustedRoot files and attestation keys. Decoding
// keys costs more than checking a signature with them.
import { verify } from "node:crypto";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { type TrustMaterial, toTrustMaterial } from "@sigstore/verify";
import { equalBytes, utf8 } from "../bytes.ts";
import { MalformedError, VerificationError } from "../errors.ts";
import { type AttestationKey, loadAttestationKey } from "./attestation-key.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import { type LogCheckpoint, parseLogCheckpoint } from "./log-checkpoint.ts";

const TRUSTED_ROOT_BYTES_MAX = 1024 * 1024;

/** What a verifier trusts. Both are kept decoded by object: never change one in place. */
export interface AttestationTrust {
  /** SPKI, DER, ECDSA P-256. */
  readonly attestationKeys: readonly Uint8Array[];
  /** Sigstore TrustedRoot, JSON in UTF-8. */
  readonly trustedRoots: readonly Uint8Array[];
}

export type TlogAuthority = TrustMaterial["tlogs"][number];

export interface TrustedLog {
  /** As entries name it, 32 bytes. */
  readonly logId: Uint8Array;
  /** The same or the newer of its two names; checkpoint key ids are its first four bytes. */
  readonly checkpointKeyId: Uint8Array;
  /** `rekor.example`, with a port if the address has one. */
  readonly host: string;
  readonly hostname: string;
  readonly baseUrl: string;
  readonly authority: TlogAuthority;
}

export interface LoadedTrust {
  readonly keys: readonly AttestationKey[];
  readonly logs: readonly TrustedLog[];
  readonly timestampAuthorities: TrustMaterial["timestampAuthorities"];
}

const loaded = new WeakMap<AttestationTrust, LoadedTrust>();

/** Throws MALFORMED_TRUSTED_ROOT, MALFORMED_ATTESTATION_KEY, LIMIT_EXCEEDED. */
export function loadTrust(trust: AttestationTrust): LoadedTrust {
  const known = loaded.get(trust);
  if (known) return known;
  const roots = trust.trustedRoots.map(loadTrustedRoot);
  const made: LoadedTrust = {
    keys: trust.attestationKeys.map(loadAttestationKey),
    logs: roots.flatMap(({ logs }) => logs),
    timestampAuthorities: roots.flatMap((root) => root.timestampAuthorities),
  };
  loaded.set(trust, made);
  return made;
}

interface LoadedRoot {
  readonly logs: readonly TrustedLog[];
  readonly timestampAuthorities: TrustMaterial["timestampAuthorities"];
}

/** Throws MALFORMED_TRUSTED_ROOT, LIMIT_EXCEEDED. */
export function loadTrustedRoot(json: Uint8Array): LoadedRoot {
  const value = parseBoundedJson(json, {
    what: "trusted root",
    code: "MALFORMED_TRUSTED_ROOT",
    bytesMax: TRUSTED_ROOT_BYTES_MAX,
  });
  try {
    const root = TrustedRoot.fromJSON(value);
    const material = toTrustMaterial({ ...root, certificateAuthorities: [], ctlogs: [] });
    const logs = root.tlogs.map((tlog, i) => {
      const { host, hostname } = new URL(tlog.baseUrl);
      const authority = material.tlogs[i] as TlogAuthority;
      const logId = tlog.logId?.keyId ?? authority.logID;
      const { logID: checkpointKeyId } = authority;
      return { logId, checkpointKeyId, host, hostname, baseUrl: tlog.baseUrl, authority };
    });
    const { timestampAuthorities } = material;
    if (logs.length + timestampAuthorities.length === 0) throw new Error("it names nobody");
    return { logs, timestampAuthorities };
  } catch (cause) {
    const message = "trusted root is not a Sigstore TrustedRoot";
    throw new MalformedError("MALFORMED_TRUSTED_ROOT", message, { cause });
  }
}

/** The log whose address has this name. Throws ATTESTATION_LOG_UNTRUSTED. */
export function findLog(trust: AttestationTrust, origin: string): TrustedLog {
  const found = loadTrust(trust).logs.find((log) => isNamed(log, origin));
  if (!found) throw untrusted(`no trusted root names the log ${origin}`);
  return found;
}

/** The log of this id and name; both must agree. Throws ATTESTATION_LOG_UNTRUSTED. */
export function findLogById(trust: LoadedTrust, id: Uint8Array, name: string): TrustedLog {
  const known = trust.logs.filter(
    (log) => equalBytes(log.logId, id) || equalBytes(log.checkpointKeyId, id),
  );
  if (known.length === 0) throw untrusted("no trusted root names the log of this entry");
  const found = known.find((log) => isNamed(log, name));
  if (!found) throw untrusted(`checkpoint of the log is of ${name}, not of the log it names`);
  return found;
}

/**
 * Verifies a transparency log's checkpoint by itself, under the trusted root that names the log.
 * Throws ATTESTATION_LOG_UNTRUSTED, ATTESTATION_CHECKPOINT_INVALID, and what parsing throws.
 */
export function verifyLogCheckpoint(
  envelope: string,
  trust: AttestationTrust,
): LogCheckpoint & { readonly log: TrustedLog } {
  const checkpoint = parseLogCheckpoint(envelope);
  const { name, note } = checkpoint;
  const log = findLog(trust, name);
  const keyId = new DataView(Uint8Array.from(log.checkpointKeyId).buffer).getUint32(0);
  const { publicKey } = log.authority;
  const algorithm = publicKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  const isSigned = note.signatures.some(
    (line) =>
      line.name === name &&
      line.keyId === keyId &&
      verify(algorithm, utf8(note.text), publicKey, line.signature),
  );
  if (!isSigned) {
    const message = "checkpoint is not signed by the trusted log";
    throw new VerificationError("ATTESTATION_CHECKPOINT_INVALID", message);
  }
  return { ...checkpoint, log };
}

function isNamed(log: TrustedLog, name: string): boolean {
  return log.host === name || log.hostname === name;
}

function untrusted(message: string): VerificationError {
  return new VerificationError("ATTESTATION_LOG_UNTRUSTED", message);
}
