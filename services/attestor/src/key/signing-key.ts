// The key that signs checkpoints for transparency logs: the operator's own, or a generated one.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { attestationKeyId, loadAttestationKey } from "@strongroom/protocol/attestation";
import { AttestorError } from "../errors.ts";
import { type AttestorSettings, generatedKeyPath } from "../settings.ts";
import type { SigningKey } from "../targets/target.ts";
import { openGeneratedKey } from "./generated-key.ts";
import { type Environment, readSecret, readWrapSource } from "./key-source.ts";

/** Throws SIGNING_KEY_INVALID, SIGNING_KEY_UNAVAILABLE, SIGNING_KEY_WRONG_WRAP. */
export async function openSigningKey(
  values: AttestorSettings,
  env: Environment,
): Promise<SigningKey & { readonly isNew: boolean }> {
  const given = values["signing-key"];
  const { privateKey, isNew } =
    given === undefined
      ? await openOwn(values, env)
      : { privateKey: parsePem(readSecret(given, env)), isNew: false };
  const publicKey = createPublicKey(privateKey);
  const publicKeySpki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  try {
    loadAttestationKey(publicKeySpki);
  } catch (cause) {
    const message = "use signing key: it is not an ECDSA key of curve P-256";
    throw new AttestorError("SIGNING_KEY_INVALID", message, { cause });
  }
  return { id: attestationKeyId(publicKeySpki), publicKeySpki, privateKey, isNew };
}

async function openOwn(values: AttestorSettings, env: Environment) {
  const uri = values["signing-key-wrap"];
  if (uri === undefined) {
    const message = "set signing-key, or signing-key-wrap for one that is generated";
    throw new AttestorError("SIGNING_KEY_UNAVAILABLE", message);
  }
  return await openGeneratedKey(generatedKeyPath(values), readWrapSource(uri, env));
}

function parsePem(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // No cause: it may quote what it read.
    throw new AttestorError("SIGNING_KEY_INVALID", "read signing key: not a private key in PEM");
  } finally {
    pem.fill(0);
  }
}
