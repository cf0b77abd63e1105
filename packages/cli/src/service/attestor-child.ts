// What the attestor says of itself when it is ready.
import type { ServiceReady } from "./service-child.ts";

export interface AttestorReady extends ServiceReady {
  readonly addresses: { readonly admin: string };
  readonly origin: string;
  readonly targets: readonly { readonly name: string; readonly kind: string }[];
  readonly attestationKey: {
    /** SHA-256 of the SPKI, lower-case hex. */
    readonly id: string;
    /** SPKI, DER, base64. */
    readonly publicKey: string;
    readonly isNew: boolean;
  };
}

/** The form in which `key register` and the stock tools take it. */
export function attestationKeyPem(publicKey: string): string {
  const lines = publicKey.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----"].join("\n");
}
