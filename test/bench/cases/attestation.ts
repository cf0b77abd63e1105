// A receipt with its attestation, whole, against the signature and hash checks in it by
// themselves: the same bytes, with keys decoded before, nothing parsed and nothing compared.
import assert from "node:assert/strict";
import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  fromBase64,
  parseEvidencePublic,
  parseNote,
  parsePolicy,
  parseReceipt,
  type Receipt,
  utf8,
  verifyReceipt,
} from "@strongroom/protocol";
import {
  attestationVerifier,
  loadTrustedRoot,
  parseLogCheckpoint,
} from "@strongroom/protocol/attestation";
import { root } from "../../support/root.ts";
import type { Bench } from "../bench.ts";
import { inTurns, timed } from "../measure.ts";
import { asTime, type Result } from "../result.ts";

const RECEIPTS = 1_000;
const ROUNDS = 10;
const VECTOR = "attested in a log of version 2";
/** Body, subject, public evidence, evidence, leaf, cid; the note; the log's entry. */
const OWN_HASHES = 8;

interface Vectors {
  readonly trusted_roots: Readonly<Record<string, string>>;
  readonly receipts_valid: readonly {
    readonly why: string;
    readonly receipt: string;
    readonly policy: string;
    readonly now_unix_ms: number;
  }[];
}

export async function attestation(_bench: Bench): Promise<Result[]> {
  const text = readFileSync(join(root, "test/vectors/attestations.json"), "utf8");
  const vectors = JSON.parse(text) as Vectors;
  const vector = vectors.receipts_valid.find(({ why }) => why === VECTOR);
  assert.ok(vector, "the vector is there");
  const policy = parsePolicy(vector.policy);
  const { attestationKeys } = policy;
  const trustedRoots = policy.trustedRoots.map((name) => utf8(vectors.trusted_roots[name] ?? ""));
  const verifyBundle = attestationVerifier({ attestationKeys, trustedRoots });
  const bytes = fromBase64(vector.receipt);
  const whole = () => {
    const receipt = parseReceipt(bytes);
    const proven = verifyReceipt(receipt, policy, vector.now_unix_ms, { verifyBundle });
    assert.ok(proven.proven.includes("attestation"));
  };
  const bare = bareChecks(parseReceipt(bytes), policy, trustedRoots[1] ?? assert.fail());
  const repeat = (work: () => void) => () =>
    timed(RECEIPTS, () => {
      for (let i = 0; i < RECEIPTS; i++) work();
    });
  const { ours, floor } = await inTurns(
    { row: "attestation", count: ROUNDS },
    { ours: repeat(whole), floor: repeat(bare) },
  );
  return [
    asTime(
      {
        case: "attestation",
        what: "verify a receipt with its attestation",
        unit: "receipts/s",
        against: "its signatures and hashes",
        target: { atMost: 10 },
      },
      ours,
      floor,
    ),
  ];
}

function bareChecks(
  receipt: Receipt,
  policy: ReturnType<typeof parsePolicy>,
  trustedRoot: Uint8Array,
): () => void {
  const [anchor] = receipt.anchors;
  const [bundleJson] = anchor?.bundles ?? [];
  assert.ok(anchor && bundleJson);
  const bundle = JSON.parse(Buffer.from(bundleJson).toString());
  const { inclusionProof } = bundle.verificationMaterial.tlogEntries[0];
  const note = parseNote(anchor.checkpoint);
  const logNote = parseLogCheckpoint(inclusionProof.checkpoint.envelope).note;
  const logKey = loadTrustedRoot(trustedRoot).logs[0]?.authority.publicKey;
  const spki = policy.attestationKeys[0] as Buffer;
  const evidence = parseEvidencePublic(receipt.evidencePublic);
  const signed: [string | null, Uint8Array, KeyObject | undefined, Uint8Array | undefined][] = [
    [
      null,
      utf8(note.text),
      ed25519Of(policy.logs[0]?.verifier.publicKey),
      note.signatures[0]?.signature,
    ],
    [null, utf8(logNote.text), logKey, logNote.signatures[0]?.signature],
    [
      "sha256",
      anchor.checkpoint,
      createPublicKey({ key: spki, format: "der", type: "spki" }),
      fromBase64(bundle.messageSignature.signature),
    ],
    ...evidence.authorSignatures.map(({ publicKey, signature }): (typeof signed)[number] => [
      null,
      Buffer.concat([utf8("strongroom/fact/v1\0"), receipt.body]),
      ed25519Of(publicKey),
      signature,
    ]),
  ];
  const hashes = OWN_HASHES + anchor.inclusion.length + inclusionProof.hashes.length;
  const node = new Uint8Array(65);
  return () => {
    for (const [algorithm, message, key, signature] of signed) {
      assert.ok(key && signature && verify(algorithm, message, key, signature));
    }
    for (let i = 0; i < hashes; i++) hash("sha256", node, "buffer");
  };
}

function ed25519Of(publicKey: Uint8Array | undefined): KeyObject {
  const x = Buffer.from(publicKey ?? []).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}
