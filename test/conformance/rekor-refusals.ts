// Requests that a Rekor refuses, each made from one that it would take, with the status it gives.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

interface RequestV2 {
  hashedRekordRequestV002: {
    digest?: unknown;
    signature: {
      content?: unknown;
      verifier?: {
        publicKey: { rawBytes: string };
        x509Certificate?: unknown;
        keyDetails?: string;
      };
    };
  };
}

interface RequestV1 {
  apiVersion: string;
  kind?: string;
  spec: {
    data: { hash: { algorithm: string; value: string } };
    signature: { content?: string; publicKey?: { content: string } };
  };
}

export interface Refusal<Request> {
  readonly why: string;
  readonly status: number;
  readonly says?: RegExp;
  readonly make: (request: Request) => string;
}

type HashedV2 = RequestV2["hashedRekordRequestV002"];

const invalid = /^invalid hashedrekord request$/;

function changedV2(change: (hashed: HashedV2, request: RequestV2) => unknown) {
  return (request: RequestV2) => {
    change(request.hashedRekordRequestV002, request);
    return JSON.stringify(request);
  };
}

function verifierOf(hashed: HashedV2) {
  return hashed.signature.verifier as NonNullable<HashedV2["signature"]["verifier"]>;
}

export const refusedV2: readonly Refusal<RequestV2>[] = [
  { why: "what is not JSON", status: 400, make: () => "hello" },
  { why: "an array", status: 400, make: () => "[]" },
  {
    why: "an empty object",
    status: 400,
    says: /^invalid type, must be hashedrekord$/,
    make: () => "{}",
  },
  { why: "5 MiB", status: 400, says: /too large/, make: () => `{"x":"${"a".repeat(5 << 20)}"}` },
  {
    why: "an unknown field",
    status: 400,
    says: /unknown field/,
    make: changedV2((hashed) => Object.assign(hashed, { further: 1 })),
  },
  {
    why: "two kinds of entry at once",
    status: 400,
    make: changedV2((_, request) => Object.assign(request, { dsseRequestV002: {} })),
  },
  {
    why: "a digest that is no base64",
    status: 400,
    make: changedV2((hashed) => Object.assign(hashed, { digest: "***" })),
  },
  {
    why: "a digest that was not signed",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => {
      hashed.digest = randomBytes(32).toString("base64");
    }),
  },
  {
    why: "a digest of 20 bytes",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => {
      hashed.digest = randomBytes(20).toString("base64");
    }),
  },
  {
    why: "no signature",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => delete hashed.signature.content),
  },
  {
    why: "no key",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => delete hashed.signature.verifier),
  },
  {
    why: "a key that is none",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => {
      verifierOf(hashed).publicKey.rawBytes = "AAAA";
    }),
  },
  {
    why: "a key and a certificate",
    status: 400,
    make: changedV2((hashed) => {
      verifierOf(hashed).x509Certificate = { rawBytes: "AAAA" };
    }),
  },
  {
    why: "details of another kind of key",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => {
      verifierOf(hashed).keyDetails = "PKIX_ECDSA_P384_SHA_384";
    }),
  },
  {
    why: "details that nobody knows",
    status: 400,
    make: changedV2((hashed) => {
      verifierOf(hashed).keyDetails = "SOME_KEY";
    }),
  },
  {
    why: "no details of the key",
    status: 400,
    says: invalid,
    make: changedV2((hashed) => delete verifierOf(hashed).keyDetails),
  },
  // Looks like a failure that passes, and never does: hence the bound on repeating a 500.
  {
    why: "pure Ed25519",
    status: 500,
    make: changedV2((hashed) => {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      const digest = Buffer.from(String(hashed.digest), "base64");
      hashed.signature.content = sign(null, digest, privateKey).toString("base64");
      const spki = publicKey.export({ format: "der", type: "spki" });
      verifierOf(hashed).publicKey.rawBytes = spki.toString("base64");
      verifierOf(hashed).keyDetails = "PKIX_ED25519";
    }),
  },
];

function changedV1(change: (request: RequestV1) => unknown) {
  return (request: RequestV1) => {
    change(request);
    return JSON.stringify(request);
  };
}

export const refusedV1: readonly Refusal<RequestV1>[] = [
  { why: "what is not JSON", status: 500, make: () => "hello" },
  { why: "an empty object", status: 422, make: () => "{}" },
  {
    why: "an unknown kind",
    status: 422,
    make: changedV1((request) => {
      request.kind = "poem";
    }),
  },
  {
    why: "a digest that was not signed",
    status: 400,
    make: changedV1(({ spec }) => {
      spec.data.hash.value = randomBytes(32).toString("hex");
    }),
  },
  {
    why: "no signature",
    status: 400,
    make: changedV1(({ spec }) => delete spec.signature.content),
  },
  { why: "no key", status: 400, make: changedV1(({ spec }) => delete spec.signature.publicKey) },
  {
    why: "a key that is none",
    status: 400,
    make: changedV1(({ spec }) => {
      spec.signature.publicKey = { content: Buffer.from("key").toString("base64") };
    }),
  },
];
