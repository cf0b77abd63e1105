// Receipts in both forms, and tlog-proofs. Whatever verifies must be an entry of the vectors' log,
// under a head that its key signed; bytes may differ only where nothing is claimed.
import { createHash } from "node:crypto";
import type { Policy, Receipt } from "@strongroom/protocol";
import {
  concatBytes,
  parsePolicy,
  parseReceipt,
  utf8,
  verifyCheckpoint,
} from "@strongroom/protocol";
import { jsonMutators } from "../mutate/json.ts";
import { textMutators } from "../mutate/text.ts";
import { wireMutators } from "../mutate/wire.ts";
import { expect, type ProtocolPackage, protocolCodes, type Target, textOf } from "../target.ts";
import { fromBase64, fromHex, hexOf, readVectors, sameBytes } from "../valid-inputs.ts";

interface Vector {
  receipt: string;
  json?: string;
  policy: string;
  now_unix_ms: number;
  expect: { index: string; authors: string[] };
  fact?: string;
}

const LARGE = 8000;

interface Known {
  readonly vectors: readonly Vector[];
  readonly policies: readonly Policy[];
  /** Parts of an entry by its leaf in hex. */
  readonly entries: ReadonlyMap<string, Receipt>;
  /** `origin size root` of every signed head. */
  readonly heads: ReadonlySet<string>;
}

function readKnown(): Known {
  const { valid } = readVectors<{ valid: Vector[] }>("receipts");
  const vectors = valid.filter(({ receipt }) => receipt.length < LARGE);
  const policies = vectors.map(({ policy }) => parsePolicy(policy));
  const receipts = vectors.map(({ receipt }) => parseReceipt(fromBase64(receipt)));
  const keys = policies.flatMap(({ logs, retired }) => [...logs, ...retired]);
  const heads = new Set<string>();
  for (const anchor of receipts.flatMap(({ anchors }) => anchors)) {
    for (const { verifier } of keys) {
      try {
        heads.add(headOf(verifyCheckpoint(anchor.checkpoint, [verifier])));
      } catch {
        // An anchor that fails, or of another log.
      }
    }
  }
  const entries = new Map(receipts.map((receipt) => [hexOf(receipt.leaf), receipt]));
  return { vectors, policies, entries, heads };
}

function headOf(head: { origin: string; size: bigint; root: Uint8Array }): string {
  return `${head.origin} ${head.size} ${hexOf(head.root)}`;
}

export function receiptTarget(): Target {
  const known = readKnown();
  return {
    name: "receipt",
    seeds: known.vectors.map(({ receipt }) => fromBase64(receipt)),
    mutators: wireMutators,
    codes: protocolCodes,
    nobleOnceIn: 64,
    inputsInCi: 4000,
    check(input, { protocol, origin }) {
      const receipt = protocol.parseReceipt(input);
      expect(sameBytes(protocol.encodeReceipt(receipt), input), "a receipt has two encodings");
      const json = protocol.parseReceiptJson(protocol.formatReceiptJson(receipt));
      expect(sameBytes(protocol.encodeReceipt(json), input), "the JSON form is another receipt");
      return verify(protocol, receipt, known, origin);
    },
  };
}

export function receiptJsonTarget(): Target {
  const known = readKnown();
  const vectors = known.vectors.filter(({ json }) => json !== undefined);
  const policies = vectors.map(({ policy }) => parsePolicy(policy));
  return {
    name: "receipt-json",
    seeds: vectors.map(({ json }) => utf8(json ?? "")),
    mutators: jsonMutators,
    codes: protocolCodes,
    nobleOnceIn: 64,
    inputsInCi: 4000,
    check(input, { protocol, origin }) {
      const receipt = protocol.parseReceiptJson(input);
      // What every other JSON parser reads must be the same: no key twice, no value twice.
      const plain: unknown = JSON.parse(Buffer.from(input).toString("utf8"));
      const again: unknown = JSON.parse(protocol.formatReceiptJson(receipt));
      expect(
        JSON.stringify(filled(plain)) === JSON.stringify(filled(again)),
        "two parsers see two receipts",
      );
      return verify(protocol, receipt, { ...known, vectors, policies }, origin);
    },
  };
}

/** Members sorted, empty ones left out: "empty equals absent". */
function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, v]) => v !== "" && !isEmptyArray(v));
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, filled(v)]),
  );
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function verify(protocol: ProtocolPackage, receipt: Receipt, known: Known, origin: number): string {
  const vector = known.vectors[origin];
  const policy = known.policies[origin];
  if (!vector || !policy) return "accepted";
  const options = vector.fact === undefined ? {} : { factBytes: fromHex(vector.fact) };
  const proven = protocol.verifyReceipt(receipt, policy, vector.now_unix_ms, options);
  const entry = known.entries.get(hexOf(receipt.leaf));
  expect(entry !== undefined, "verifies a leaf that is in no log");
  expect(sameBytes(entry.body, receipt.body), "verifies another body");
  expect(sameBytes(entry.blind, receipt.blind), "verifies another blind");
  expect(sameBytes(entry.evidencePublic, receipt.evidencePublic), "verifies other evidence");
  const privateHash = receipt.evidencePrivateHash;
  expect(sameBytes(entry.evidencePrivateHash, privateHash), "verifies other private evidence");
  if (receipt.evidencePrivate.length > 0) {
    const digest = createHash("sha256").update(receipt.evidencePrivate).digest();
    expect(sameBytes(digest, privateHash), "verifies private evidence that was never there");
  }
  expect(known.heads.has(headOf({ ...proven, size: proven.treeSize })), "verifies under no head");
  expect(proven.index === protocol.parseLeaf(receipt.leaf).index, "says another index");
  for (const requirement of policy.requirements) {
    if (requirement === "author") expect(proven.authors.length > 0, "needs an author, has none");
    if (requirement === "witnessed") expect(proven.witnesses.length > 0, "needs witnesses");
  }
  return `accepted ${proven.index} ${proven.treeSize} ${proven.authors.length} ${proven.anchorIndex}`;
}

export function tlogProofTarget(): Target {
  const { valid } = readVectors<{ valid: { proof: string }[] }>("tlog_proofs");
  const known = readKnown();
  const keys = known.policies.flatMap(({ logs }) => logs.map(({ verifier }) => verifier));
  const distinct = keys.filter((key, i) => keys.findIndex((k) => k.keyId === key.keyId) === i);
  return {
    name: "tlog-proof",
    seeds: valid.map(({ proof }) => utf8(proof)),
    mutators: textMutators,
    codes: protocolCodes,
    nobleOnceIn: 32,
    check(input, { protocol }) {
      const { extra, index, inclusion, checkpoint } = protocol.parseTlogProof(input);
      const again = [
        "c2sp.org/tlog-proof@v1",
        ...(extra.length === 0 ? [] : [`extra ${Buffer.from(extra).toString("base64")}`]),
        `index ${index}`,
        ...inclusion.map((hash) => Buffer.from(hash).toString("base64")),
        "",
        "",
      ].join("\n");
      expect(sameBytes(concatBytes(utf8(again), checkpoint), input), "a proof has two texts");
      const head = protocol.verifyCheckpoint(checkpoint, distinct);
      // The extra data is not authenticated, and may be absent: then there is no leaf to prove.
      if (extra.length === 0) return "accepted without a leaf";
      const leafHash = protocol.hashLeaf(extra);
      protocol.verifyInclusion({
        leafHash,
        index,
        size: head.size,
        proof: inclusion,
        root: head.root,
      });
      expect(known.heads.has(headOf(head)), "verifies under no head");
      expect(known.entries.has(hexOf(extra)), "verifies a leaf that is in no log");
      expect(protocol.parseLeaf(extra).index === index, "verifies a leaf at another index");
      return "accepted";
    },
  };
}

/** The judge is a printer of our own: what it prints must parse to the same policy. */
export function policyTarget(): Target {
  const { valid } = readVectors<{ valid: { policy: string }[] }>("policies");
  return {
    name: "policy",
    seeds: valid.filter(({ policy }) => policy.length < LARGE).map(({ policy }) => utf8(policy)),
    mutators: textMutators,
    codes: ["MALFORMED_POLICY"],
    check(input, { protocol }) {
      const text = textOf(input);
      const policy = protocol.parsePolicy(text);
      const again = protocol.parsePolicy(printPolicy(protocol, policy));
      expect(describe(again) === describe(policy), "a policy comes back as another");
      const everybody = new Set(policy.witnesses.map(({ name }) => name));
      expect(!protocol.isQuorumMet(policy, new Set()), "a quorum of nobody is met");
      if (policy.quorum !== "none") {
        expect(protocol.isQuorumMet(policy, everybody) || hasUnmetGroup(policy), "all are too few");
      }
      // A line that is left out would be a rule that is skipped.
      const rules = text.split("\n").filter((line) => /^[ \t]*[^#\s]/.test(line)).length;
      expect(rules === countRules(policy), "a line counts for nothing");
      return "accepted";
    },
  };
}

function countRules(policy: Policy): number {
  const { logs, witnesses, groups, retired, authors } = policy;
  const lists = [logs, witnesses, groups, retired, authors, policy.attestationKeys];
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  const others = policy.trustedRoots.length + policy.requirements.length;
  return count + others + 1 + (policy.maxAgeMs === undefined ? 0 : 1);
}

// A threshold counts names, and a name of a group within counts once its own threshold is met, so
// with every witness there every group is met.
function hasUnmetGroup(policy: Policy): boolean {
  return policy.groups.some(({ threshold, members }) => threshold > members.length);
}

function printPolicy(protocol: ProtocolPackage, policy: Policy): string {
  const url = (line: { url?: string }): string => (line.url === undefined ? "" : ` ${line.url}`);
  const key = (line: { verifier: Parameters<ProtocolPackage["formatVkey"]>[0] }): string =>
    protocol.formatVkey(line.verifier);
  return [
    ...policy.logs.map((line) => `log ${key(line)}${url(line)}`),
    ...policy.witnesses.map((line) => `witness ${line.name} ${key(line)}${url(line)}`),
    ...policy.groups.map((g) => `group ${g.name} ${g.threshold} ${g.members.join(" ")}`),
    `quorum ${policy.quorum}`,
    ...policy.retired.map((line) => `retired ${key(line)} max-size ${line.sizeMax}`),
    ...policy.authors.map((line) => `author ${key(line)} ${line.fromIndex} ${line.toIndex ?? ""}`),
    ...policy.attestationKeys.map((k) => `attestation-key ${Buffer.from(k).toString("base64")}`),
    ...policy.trustedRoots.map((file) => `trusted-root ${file}`),
    ...policy.requirements.map((what) => `require ${what}`),
    ...(policy.maxAgeMs === undefined ? [] : [`max-age ${BigInt(policy.maxAgeMs) / 1000n}`]),
    "",
  ].join("\n");
}

function describe(policy: Policy): string {
  const { maxAgeMs, quorum, requirements, ...lists } = policy;
  const first = [maxAgeMs, quorum, requirements];
  return JSON.stringify([...first, ...Object.entries(lists).sort()], (_, value: unknown) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Uint8Array ? hexOf(value) : value;
  });
}
