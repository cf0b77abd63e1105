// Author signatures: Ed25519 over "strongroom/<name>/v1\0" ‖ body bytes. The name keeps a
// signature over one kind of body from counting for another.
import { create } from "@bufbuild/protobuf";
import {
  type AuthorSignature,
  AuthorSignatureSchema,
} from "@strongroom/proto/strongroom/log/v1/evidence";
import { sha256 } from "#crypto";
import { concatBytes, utf8 } from "./bytes.ts";
import { ed25519 } from "./ed25519.ts";
import { VerificationError } from "./errors.ts";
import type { EntryKindName } from "./leaf.ts";

/** For an endorsement the body is that of the fact it endorses, not its own. */
export function signAuthor(
  kindName: EntryKindName,
  body: Uint8Array,
  seed: Uint8Array,
): AuthorSignature {
  const signature = ed25519.sign(seed, authorMessage(kindName, body));
  return create(AuthorSignatureSchema, { publicKey: ed25519.publicKey(seed), signature });
}

/** Throws AUTHOR_SIGNATURE_INVALID. For an endorsement the body is that of the endorsed fact. */
export function verifyAuthor(
  kindName: EntryKindName,
  body: Uint8Array,
  author: { publicKey: Uint8Array; signature: Uint8Array },
): void {
  if (!ed25519.verify(author.publicKey, authorMessage(kindName, body), author.signature)) {
    throw new VerificationError("AUTHOR_SIGNATURE_INVALID", "author signature does not hold");
  }
}

/** SHA-256 of the 32-byte public key. */
export function authorKeyId(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey);
}

function authorMessage(kindName: EntryKindName, body: Uint8Array): Uint8Array {
  const name = kindName === "endorsement" ? "fact" : kindName;
  return concatBytes(utf8(`strongroom/${name}/v1\0`), body);
}
