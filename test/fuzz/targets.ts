// Every parser that meets bytes from outside, by name.
import type { Target } from "./target.ts";
import { bundleTarget, trustedRootTarget } from "./targets/attestations.ts";
import { authorizationTarget, pagePositionTarget, requestTarget } from "./targets/calls.ts";
import {
  bodyKinds,
  bodyTarget,
  evidencePrivateTarget,
  evidencePublicTarget,
  leafTarget,
} from "./targets/entries.ts";
import { cidTarget, factTarget, scopeTarget } from "./targets/facts.ts";
import { anchorTarget, keyringTarget, keySourceTarget, pageTokenTarget } from "./targets/keys.ts";
import {
  checkpointTarget,
  checkpointTextTarget,
  cosignatureTarget,
  ed25519Target,
  noteTarget,
  vkeyTarget,
} from "./targets/notes.ts";
import { growingTarget, hangingTarget } from "./targets/planted.ts";
import {
  policyTarget,
  receiptJsonTarget,
  receiptTarget,
  tlogProofTarget,
} from "./targets/receipts.ts";
import { serviceTarget } from "./targets/service.ts";
import {
  consistencyTarget,
  entriesTileTarget,
  inclusionTarget,
  tilePathTarget,
} from "./targets/trees.ts";

type Maker = (folder: string) => Target | Promise<Target>;

const makers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["fact", factTarget],
  ["scope", scopeTarget],
  ["cid", cidTarget],
  ["leaf", leafTarget],
  ["evidence-public", evidencePublicTarget],
  ["evidence-private", evidencePrivateTarget],
  ...bodyKinds.map((kind): [string, Maker] => [`body-${kind}`, () => bodyTarget(kind)]),
  ["note", noteTarget],
  ["checkpoint", checkpointTarget],
  ["checkpoint-text", checkpointTextTarget],
  ["vkey", vkeyTarget],
  ["cosignature", cosignatureTarget],
  ["ed25519", ed25519Target],
  ["receipt", receiptTarget],
  ["receipt-json", receiptJsonTarget],
  ["tlog-proof", tlogProofTarget],
  ["policy", policyTarget],
  ["bundle", bundleTarget],
  ["trusted-root", trustedRootTarget],
  ["inclusion", inclusionTarget],
  ["consistency", consistencyTarget],
  ["tile-path", tilePathTarget],
  ["entries-tile", entriesTileTarget],
  ["keyring", keyringTarget],
  ["head-anchor", anchorTarget],
  ["page-token", pageTokenTarget],
  ["key-source", keySourceTarget],
  ["authorization", authorizationTarget],
  ["page-position", pagePositionTarget],
  ["grpc-request", requestTarget],
  ["grpc-service", serviceTarget],
]);

const plantedMakers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["planted-hang", hangingTarget],
  ["planted-growth", growingTarget],
]);

export const targetNames: readonly string[] = [...makers.keys()];

/** `folder` is for targets that need files. */
export async function makeTarget(name: string, folder: string): Promise<Target> {
  const maker = makers.get(name) ?? plantedMakers.get(name);
  if (maker === undefined) throw new Error(`no fuzz target ${name}`);
  return await maker(folder);
}
