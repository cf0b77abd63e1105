// What outside records say of a store: two checkpoints, each attested by a Rekor, cosigned by a
// witness, and kept by a folder.
import assert from "node:assert/strict";
import {
  cosignatureVerifier,
  ed25519,
  formatVkey,
  parseNote,
  signCosignature,
  utf8,
} from "@strongroom/protocol";
import type { Store } from "@strongroom/store";
import { bundleFrom, newAttestationKey } from "../../support/attestor/rekor-bundle.ts";
import { madeFact } from "../../support/made-facts.ts";
import { startRekor } from "../../support/rekor/start-rekor.ts";
import type { TamperedStore } from "./tampered-store.ts";

const rekorTarget = { name: "rekor-a", kind: "rekor" } as const;
const witnessTarget = { name: "witness-a", kind: "witness" } as const;
const folderTarget = { name: "folder", kind: "file" } as const;
const targets = [rekorTarget, witnessTarget, folderTarget];

const CONTEXT = { principal: "tester", requestId: "r1", peer: "local" };
const COSIGNED_AT_S = 1_700_000_000n;
const FACTS_FROM = 2_000_000;
const witness = { name: "witness.example/a", seed: new Uint8Array(32).fill(5) };
const vkey = formatVkey(cosignatureVerifier(witness.name, ed25519.publicKey(witness.seed)));

/** Sizes 669 and 670: the three keys and a fact come first, then one more fact. */
export async function prove(tampered: TamperedStore): Promise<void> {
  const key = newAttestationKey();
  const rekor = await startRekor({ version: 1, nowS: () => Number(COSIGNED_AT_S) });
  const store = await tampered.open(1);
  try {
    await store.keys.register({ purpose: "witness", key: utf8(vkey), name: "a" });
    await store.keys.register({ purpose: "attestation", key: key.spki });
    await store.keys.register({ purpose: "trusted-root", key: rekor.trustedRoot });
    const attest = (note: Uint8Array) => bundleFrom(rekor, note, key);
    for (const n of [0, 1]) {
      await appendStored(store, FACTS_FROM + n);
      await proveNewest(store, attest);
    }
  } finally {
    await store.close();
    await rekor.close();
  }
  tampered.keep();
}

async function appendStored(store: Store, n: number): Promise<void> {
  const stored = new Promise<void>((resolve) => {
    store.on("checkpoint", (size) => size === store.head().size && resolve());
  });
  await store.appendOne({ bytes: madeFact(n) }, CONTEXT);
  await stored;
}

async function proveNewest(
  store: Store,
  attest: (note: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const { leases } = await store.attestations.lease({
    ...{ targets, worker: "tester", limit: 10, durationMs: 60_000 },
  });
  assert.equal(leases.length, targets.length);
  for (const { id, token, target, note, treeSize } of leases) {
    assert.equal(treeSize, store.head().size);
    if (target === witnessTarget.name) {
      const line = utf8(signCosignature(parseNote(note).text, witness, COSIGNED_AT_S));
      await store.attestations.addCosignatures({ id, token, cosignatures: [line] });
    } else {
      const bundle = target === rekorTarget.name ? await attest(note) : new Uint8Array(0);
      await store.attestations.complete({ id, token, bundle });
    }
  }
}
