// The log's own key: signs checkpoints and, in version 1, promises; and the Sigstore TrustedRoot
// that names it.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";

import { signP256 } from "./signed-digest.ts";

export type RekorVersion = 1 | 2;

export class LogKey {
  readonly version: RekorVersion;
  readonly hostname: string;
  /** 32 bytes: its first four name the key in checkpoints. */
  readonly logId: Buffer;
  readonly spki: Buffer;
  readonly publicKeyPem: string;
  readonly #privateKey: KeyObject;

  /** Ed25519 for version 2, ECDSA P-256 for version 1; a new one unless PKCS#8 PEM is given. */
  constructor(version: RekorVersion, hostname: string, privateKeyPem?: string) {
    this.version = version;
    this.hostname = hostname;
    const pair = privateKeyPem === undefined ? generate(version) : undefined;
    this.#privateKey = pair?.privateKey ?? createPrivateKey(privateKeyPem ?? "");
    const publicKey = pair?.publicKey ?? createPublicKey(this.#privateKey);
    this.spki = publicKey.export({ format: "der", type: "spki" });
    this.publicKeyPem = publicKey.export({ format: "pem", type: "spki" }).toString();
    this.logId = logIdOf(version, hostname, this.spki);
  }

  /** The same signature each time, so that golden vectors can be made with it. */
  sign(message: string): Buffer {
    const bytes = Buffer.from(message);
    return this.version === 1
      ? signP256(this.#privateKey, bytes)
      : sign(null, bytes, this.#privateKey);
  }

  /** A signed note. */
  signCheckpoint(origin: string, size: number, root: Uint8Array): string {
    const text = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
    const signature = Buffer.concat([this.logId.subarray(0, 4), this.sign(text)]);
    return `${text}\n\u2014 ${this.hostname} ${signature.toString("base64")}\n`;
  }

  trustedRoot(): Uint8Array {
    const tlog = {
      baseUrl: `https://${this.hostname}`,
      hashAlgorithm: "SHA2_256",
      publicKey: {
        rawBytes: this.spki.toString("base64"),
        keyDetails: this.version === 1 ? "PKIX_ECDSA_P256_SHA_256" : "PKIX_ED25519",
        validFor: { start: "2020-01-01T00:00:00Z" },
      },
      logId: { keyId: this.logId.toString("base64") },
    };
    const root = {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [tlog],
      certificateAuthorities: [],
      ctlogs: [],
      timestampAuthorities: [],
    };
    return Buffer.from(`${JSON.stringify(root, null, 1)}\n`);
  }
}

function generate(version: RekorVersion) {
  return version === 1
    ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
    : generateKeyPairSync("ed25519");
}

// C2SP signed-note: ECDSA keys are named by their SPKI alone, Ed25519 keys with the log's name.
function logIdOf(version: RekorVersion, hostname: string, spki: Buffer): Buffer {
  const hash = createHash("sha256");
  if (version === 1) return hash.update(spki).digest();
  return hash.update(`${hostname}\n\u0001`).update(spki.subarray(-32)).digest();
}
