// What a verifier trusts: C2SP tlog-policy (log, witness, group, quorum) and our own lines
// (formats.md §6). Unknown lines are refused: a rule that is not understood must not be skipped.
import { equalBytes, fromBase64 } from "./bytes.ts";
import { parseDecimal } from "./checkpoint.ts";
import { MalformedError } from "./errors.ts";
import { COSIGNATURE_TYPE, ED25519_TYPE, isSameKey, type NoteVerifier, parseVkey } from "./vkey.ts";

const POLICY_CHARS_MAX = 1 << 18;
// C2SP asks for at least 32 logs, witnesses and groups.
const LINES_MAX = 4096;
// 100,000 years: still an exact number once in milliseconds.
const MAX_AGE_S = 3_155_760_000_000n;

export type Requirement = "attested" | "witnessed" | "author";

export interface PolicyLog {
  readonly verifier: NoteVerifier;
  readonly url?: string;
}

export interface PolicyWitness extends PolicyLog {
  readonly name: string;
}

export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  /** Names of witnesses and of earlier groups; every name is a member of one group at most. */
  readonly members: readonly string[];
}

export interface PolicyRetired {
  readonly verifier: NoteVerifier;
  /** Inclusive. */
  readonly sizeMax: bigint;
}

export interface PolicyAuthor {
  readonly verifier: NoteVerifier;
  /** Inclusive. */
  readonly fromIndex: bigint;
  /** Inclusive; absent: no end. */
  readonly toIndex?: bigint;
}

export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** Name of a witness or group, or `none`. Any other than `none` must be met by every anchor. */
  readonly quorum: string;
  readonly retired: readonly PolicyRetired[];
  readonly authors: readonly PolicyAuthor[];
  /** SPKI, DER. */
  readonly attestationKeys: readonly Uint8Array[];
  /** File names as written; reading them is the caller's work. */
  readonly trustedRoots: readonly string[];
  readonly requirements: readonly Requirement[];
  readonly maxAgeMs?: number;
}

/** Trusts one log key and asks for nothing else. Throws MALFORMED_VKEY, MALFORMED_POLICY. */
export function singleLogPolicy(vkeyLine: string): Policy {
  const verifier = parseVkey(vkeyLine.trim());
  if (verifier.type !== ED25519_TYPE) throw malformed("log key is not of type Ed25519");
  return { ...emptyPolicy(), logs: [{ verifier }], quorum: "none" };
}

/** Throws MALFORMED_POLICY with the number of the line. */
export function parsePolicy(policyText: string): Policy {
  if (policyText.length > POLICY_CHARS_MAX) throw malformed("policy is over 256 KiB");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: only tab and newline are allowed
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(policyText)) {
    throw malformed("policy has a control character");
  }
  const draft = emptyPolicy();
  const lines = policyText.split("\n");
  if (lines.length > LINES_MAX) throw malformed("policy has too many lines");
  lines.forEach((line, at) => {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    const [keyword = ""] = words;
    if (keyword === "" || keyword.startsWith("#")) return;
    try {
      const parseLine = lineParsers.get(keyword);
      if (!parseLine) throw malformed("line is of an unknown kind");
      parseLine(draft, words.slice(1));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "malformed";
      throw new MalformedError("MALFORMED_POLICY", `policy line ${at + 1}: ${why}`, { cause });
    }
  });
  if (draft.quorum === undefined) throw malformed("policy has no quorum line");
  checkKeysDistinct(draft);
  return { ...draft, quorum: draft.quorum };
}

/** Whether the witnesses (by their policy names) meet the quorum. `none` is never met. */
export function isQuorumMet(policy: Policy, witnesses: ReadonlySet<string>): boolean {
  const met = new Set(witnesses);
  // A group only names what stands before it, so one pass is enough.
  for (const group of policy.groups) {
    const count = group.members.filter((member) => met.has(member)).length;
    if (count >= group.threshold) met.add(group.name);
  }
  return policy.quorum !== "none" && met.has(policy.quorum);
}

interface Draft {
  logs: PolicyLog[];
  witnesses: PolicyWitness[];
  groups: PolicyGroup[];
  quorum?: string;
  retired: PolicyRetired[];
  authors: PolicyAuthor[];
  attestationKeys: Uint8Array[];
  trustedRoots: string[];
  requirements: Requirement[];
  maxAgeMs?: number;
}

function emptyPolicy(): Draft {
  return {
    logs: [],
    witnesses: [],
    groups: [],
    retired: [],
    authors: [],
    attestationKeys: [],
    trustedRoots: [],
    requirements: [],
  };
}

const lineParsers: ReadonlyMap<string, (draft: Draft, words: readonly string[]) => void> = new Map([
  ["log", parseLog],
  ["witness", parseWitness],
  ["group", parseGroup],
  ["quorum", parseQuorum],
  ["retired", parseRetired],
  ["author", parseAuthor],
  ["attestation-key", parseAttestationKey],
  ["trusted-root", parseTrustedRoot],
  ["require", parseRequire],
  ["max-age", parseMaxAge],
]);

function parseLog(draft: Draft, words: readonly string[]): void {
  const [vkey, url] = takeWords(words, 1, 2);
  const verifier = parseKey(vkey, ED25519_TYPE);
  if (draft.logs.some((log) => equalBytes(log.verifier.publicKey, verifier.publicKey))) {
    throw malformed("log key stands twice");
  }
  draft.logs.push(url === undefined ? { verifier } : { verifier, url });
}

function parseWitness(draft: Draft, words: readonly string[]): void {
  const [name = "", vkey, url] = takeWords(words, 2, 3);
  checkNewName(draft, name);
  const verifier = parseKey(vkey, COSIGNATURE_TYPE);
  if (draft.witnesses.some((w) => equalBytes(w.verifier.publicKey, verifier.publicKey))) {
    throw malformed("witness key stands twice");
  }
  draft.witnesses.push(url === undefined ? { name, verifier } : { name, verifier, url });
}

function parseGroup(draft: Draft, words: readonly string[]): void {
  const [name = "", rule = "", ...members] = takeWords(words, 3, Number.POSITIVE_INFINITY);
  checkNewName(draft, name);
  // A member of one group only, so that each witness counts in one way only.
  const taken = new Set(draft.groups.flatMap((group) => group.members));
  for (const member of members) {
    if (!isName(draft, member)) throw malformed("group member is not defined above");
    if (taken.has(member)) throw malformed("name is a group member twice");
    taken.add(member);
  }
  draft.groups.push({ name, threshold: parseThreshold(rule, members.length), members });
}

function parseThreshold(rule: string, memberCount: number): number {
  if (rule === "all") return memberCount;
  if (rule === "any") return 1;
  const threshold = parseDecimal(rule);
  if (threshold === undefined || threshold < 1n || threshold > BigInt(memberCount)) {
    throw malformed("group needs all, any, or a number from 1 to the number of its members");
  }
  return Number(threshold);
}

function parseQuorum(draft: Draft, words: readonly string[]): void {
  const [name = ""] = takeWords(words, 1, 1);
  if (draft.quorum !== undefined) throw malformed("quorum stands twice");
  if (name !== "none" && !isName(draft, name)) throw malformed("quorum is not defined above");
  draft.quorum = name;
}

function parseRetired(draft: Draft, words: readonly string[]): void {
  const [vkey, keyword, digits] = takeWords(words, 3, 3);
  const verifier = parseKey(vkey, ED25519_TYPE);
  if (keyword !== "max-size") throw malformed("retired key needs max-size");
  if (draft.retired.some((other) => isSameKey(other.verifier, verifier))) {
    throw malformed("retired key stands twice");
  }
  draft.retired.push({ verifier, sizeMax: parseCount(digits) });
}

function parseAuthor(draft: Draft, words: readonly string[]): void {
  const [vkey, from, to] = takeWords(words, 1, 3);
  const verifier = parseKey(vkey, ED25519_TYPE);
  const fromIndex = from === undefined ? 0n : parseCount(from);
  if (to === undefined) {
    draft.authors.push({ verifier, fromIndex });
    return;
  }
  const toIndex = parseCount(to);
  if (toIndex < fromIndex) throw malformed("author's indexes are out of order");
  draft.authors.push({ verifier, fromIndex, toIndex });
}

function parseAttestationKey(draft: Draft, words: readonly string[]): void {
  const [spki = ""] = takeWords(words, 1, 1);
  draft.attestationKeys.push(fromBase64(spki, "MALFORMED_POLICY"));
}

function parseTrustedRoot(draft: Draft, words: readonly string[]): void {
  const [file = ""] = takeWords(words, 1, 1);
  draft.trustedRoots.push(file);
}

function parseRequire(draft: Draft, words: readonly string[]): void {
  const [what] = takeWords(words, 1, 1);
  if (what !== "attested" && what !== "witnessed" && what !== "author") {
    throw malformed("require knows attested, witnessed and author");
  }
  if (draft.requirements.includes(what)) throw malformed("requirement stands twice");
  draft.requirements.push(what);
}

function parseMaxAge(draft: Draft, words: readonly string[]): void {
  const [digits] = takeWords(words, 1, 1);
  if (draft.maxAgeMs !== undefined) throw malformed("max-age stands twice");
  const seconds = parseCount(digits);
  if (seconds > MAX_AGE_S) throw malformed("max-age is too long");
  draft.maxAgeMs = Number(seconds) * 1000;
}

function takeWords(words: readonly string[], min: number, max: number): readonly string[] {
  if (words.length < min || words.length > max) throw malformed("wrong number of words");
  return words;
}

function parseKey(vkey: string | undefined, type: number): NoteVerifier {
  const verifier = parseVkey(vkey ?? "");
  if (verifier.type !== type) throw malformed("key is not of the type this line needs");
  return verifier;
}

function parseCount(digits: string | undefined): bigint {
  const count = parseDecimal(digits ?? "");
  if (count === undefined) throw malformed("not a decimal below 2^63");
  return count;
}

function isName(draft: Draft, name: string): boolean {
  return [...draft.witnesses, ...draft.groups].some((defined) => defined.name === name);
}

function checkNewName(draft: Draft, name: string): void {
  if (name === "none") throw malformed("name none is taken");
  if (isName(draft, name)) throw malformed("name is defined twice");
}

// Two keys that answer to the same signature lines would make every such note fail.
function checkKeysDistinct(draft: Draft): void {
  const keys = [...draft.logs, ...draft.retired, ...draft.witnesses].map((line) => line.verifier);
  const seen = new Map<string, NoteVerifier>();
  for (const key of keys) {
    const label = `${key.name}+${key.keyId}`;
    const other = seen.get(label);
    if (other && !isSameKey(other, key)) throw malformed("two keys share a name and a key id");
    seen.set(label, key);
  }
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_POLICY", message);
}
