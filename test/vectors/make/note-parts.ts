// What several groups of note vectors share.
import { ed25519Verifier, formatVkey, type NoteSigner, signNote, text } from "@strongroom/protocol";
import { publicKeyOf, signerOf } from "./example-log.ts";

export const PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
export const alice = signerOf("alice.example/a", "alice");
export const aliceVkey = formatVkey(ed25519Verifier("alice.example/a", publicKeyOf("alice")));

export function noteText(content: string, signers: NoteSigner[]): string {
  return text(signNote(content, signers));
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
