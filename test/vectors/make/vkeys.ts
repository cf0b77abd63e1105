// Verifier keys; the first two were published by others.
import {
  cosignatureVerifier,
  ed25519Verifier,
  formatVkey,
  sha256,
  toBase64,
  toHex,
} from "@strongroom/protocol";
import { joined, publicKeyOf, seedOf } from "./example-log.ts";
import { aliceVkey, PETER } from "./note-parts.ts";

export function vkeysValid() {
  const ecdsa = joined(Uint8Array.of(0x30, 0x59), seedOf("spki"));
  return [
    {
      why: "published by golang.org/x/mod",
      vkey: PETER,
      name: "PeterNeumann",
      key_id: "c74f20a3",
      type: 1,
      public_key: "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6",
    },
    {
      why: "sum.golang.org's",
      vkey: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
      name: "sum.golang.org",
      key_id: "033de0ae",
      type: 1,
      public_key: "ce3372d75ad1ee5ecdaf8727293d4b111d87eb37531d7c86d4d3003f0eb809fc",
    },
    describe("our own", ed25519Verifier("alice.example/a", publicKeyOf("alice"))),
    describe("a name in UTF-8", ed25519Verifier("bücher.example/λ", publicKeyOf("alice"))),
    describe("a witness", cosignatureVerifier("witness.example/w1", publicKeyOf("w1"))),
    {
      why: "a type we do not verify parses (ECDSA: its key id hashes the SPKI alone)",
      vkey: `ecdsa.example+${toHex(sha256(ecdsa).slice(0, 4))}+${toBase64(joined(Uint8Array.of(2), ecdsa))}`,
      name: "ecdsa.example",
      key_id: toHex(sha256(ecdsa).slice(0, 4)),
      type: 2,
      public_key: toHex(ecdsa),
    },
  ];
}

function describe(why: string, key: ReturnType<typeof ed25519Verifier>) {
  const vkey = formatVkey(key);
  const { name, type } = key;
  return {
    why,
    vkey,
    name,
    key_id: key.keyId.toString(16).padStart(8, "0"),
    type,
    public_key: toHex(key.publicKey),
  };
}

export function vkeysInvalid(): [string, string][] {
  const [name = "", id = "", key = ""] = splitVkey(aliceVkey);
  return [
    ["empty", ""],
    ["no key", `${name}+${id}`],
    ["empty name", `+${id}+${key}`],
    ["a name with a space", aliceVkey.replace("alice", "al ice")],
    ["a name with a no-break space", aliceVkey.replace("alice", "al\u00a0ice")],
    ["a name with a control character", aliceVkey.replace("alice", "al\u0007ice")],
    ["a name with a plus", aliceVkey.replace("alice", "al+ice")],
    ["another name", aliceVkey.replace("alice", "alicf")],
    ["another key id", `${name}+00000000+${key}`],
    ["a key id in upper case", `${name}+${id.toUpperCase()}+${key}`],
    ["a key id of 7 digits", `${name}+${id.slice(1)}+${key}`],
    ["a key id with a sign", `${name}++${id.slice(1)}+${key}`],
    [
      "another type with the same key id",
      `${name}+${id}+${toBase64(joined(Uint8Array.of(4), publicKeyOf("alice")))}`,
    ],
    ["a key of 31 bytes", shortKey(name)],
    ["no key bytes", `${name}+${id}+AQ==`],
    ["base64 without padding", PETER.slice(0, -1)],
    ["URL-safe base64", PETER.replace("/", "_")],
    ["a newline at the end", `${aliceVkey}\n`],
    ["a space at the end", `${aliceVkey} `],
  ];
}

function shortKey(name: string): string {
  const typed = joined(Uint8Array.of(1), publicKeyOf("alice").slice(1));
  const id = toHex(sha256(joined(`${name}\n`, typed)).slice(0, 4));
  return `${name}+${id}+${toBase64(typed)}`;
}

function splitVkey(vkey: string): string[] {
  const [name = "", id = "", ...key] = vkey.split("+");
  return [name, id, key.join("+")];
}
