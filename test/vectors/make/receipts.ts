// Receipts that hold and receipts that do not, each with the policy and the time it is tried at.
import { create } from "@bufbuild/protobuf";
import {
  type Anchor,
  AnchorSchema,
  encodeFact,
  encodeReceipt,
  formatCheckpoint,
  formatReceiptJson,
  formatVkey,
  cosignatureVerifier,
  ed25519Verifier,
  type NoteSigner,
  parsePolicy,
  parseReceipt,
  type Receipt,
  ReceiptSchema,
  sha256,
  signAuthor,
  signCheckpoint,
  signCosignature,
  signNote,
  toBase64,
  toHex,
  utf8,
  verifyReceipt,
} from "@strongroom/protocol";
import {
  ENDORSEMENT,
  exampleFact,
  exampleLog,
  FACT,
  FACT_TWO_AUTHORS,
  FACT_UNSIGNED,
  genesis,
  RETRACTION,
} from "./example-entries.ts";
import {
  ExampleLog,
  flipped,
  joined,
  type NewEntry,
  ORIGIN,
  publicKeyOf,
  seedOf,
  signerOf,
  START_UNIX_MS,
} from "./example-log.ts";

interface Case {
  why: string;
  receipt: Receipt;
  policy?: string;
  now?: number;
  fact?: Uint8Array;
  /** Of the failure; absent: it holds. */
  code?: string;
}

const log = exampleLog();
const COSIGNED_S = BigInt(START_UNIX_MS / 1000) + 100n;
const NOW = START_UNIX_MS + 200_000;

const logVkey = vkeyOf(ORIGIN, "log");
const newVkey = vkeyOf(ORIGIN, "new log");
const LOG = `log ${logVkey}\nquorum none\n`;
const WITNESSES = ["w1", "w2", "w3"]
  .map((name) => `witness ${name} ${witnessVkey(name)}\n`)
  .join("");
const QUORUM = `log ${logVkey}\n${WITNESSES}group two 2 w1 w2 w3\nquorum two\n`;
const RETIRED = `log ${newVkey}\n${WITNESSES}group two 2 w1 w2 w3\nquorum two\nretired ${logVkey} max-size 12\n`;

function vkeyOf(name: string, label: string): string {
  return formatVkey(ed25519Verifier(name, publicKeyOf(label)));
}

function witnessVkey(name: string): string {
  return formatVkey(cosignatureVerifier(`witness.example/${name}`, publicKeyOf(name)));
}

interface AnchorParts {
  index: number;
  size?: number;
  signers?: readonly NoteSigner[];
  /** Witnesses by name, each with seconds after the example's time. */
  cosigned?: Readonly<Record<string, number>>;
  from?: ExampleLog;
}

function anchorOf(parts: AnchorParts): Anchor {
  const source = parts.from ?? log;
  const size = parts.size ?? source.size;
  const checkpoint = { origin: ORIGIN, size: BigInt(size), root: source.rootAt(size) };
  const cosigned = Object.entries(parts.cosigned ?? {});
  return create(AnchorSchema, {
    checkpoint: signCheckpoint(checkpoint, parts.signers ?? [signerOf(ORIGIN, "log")]),
    inclusion: source.inclusion(parts.index, size),
    cosignatures: cosigned.map(([name, delay]) =>
      utf8(cosign(formatCheckpoint(checkpoint), name, delay)),
    ),
  });
}

function cosign(noteText: string, name: string, delay = 0): string {
  const key = { name: `witness.example/${name}`, seed: seedOf(name) };
  return signCosignature(noteText, key, COSIGNED_S + BigInt(delay));
}

function receiptOf(
  index: number,
  anchors: readonly Anchor[] = [anchorOf({ index })],
  change: Partial<Receipt> = {},
  from = log,
): Receipt {
  const entry = from.entry(index);
  return create(ReceiptSchema, {
    body: entry.body,
    blind: entry.blind,
    evidencePublic: entry.evidencePublic,
    evidencePrivateHash: sha256(entry.evidencePrivate),
    leaf: entry.leaf,
    anchors: [...anchors],
    ...change,
  });
}

/** A receipt of one entry that stands after genesis in a log of its own. */
function lone(entry: NewEntry, change: Partial<Receipt> = {}): Receipt {
  const own = new ExampleLog("lone");
  own.add(genesis());
  const index = own.add(entry);
  return receiptOf(index, [anchorOf({ index, from: own })], change, own);
}

function first(entry: NewEntry): Receipt {
  const own = new ExampleLog("first");
  own.add(entry);
  return receiptOf(0, [anchorOf({ index: 0, from: own })], {}, own);
}

function withNote(checkpoint: Uint8Array, inclusion = log.inclusion(FACT, log.size)): Receipt {
  return receiptOf(FACT, [create(AnchorSchema, { checkpoint, inclusion })]);
}

function noteOf(size: string, root: string, extra = ""): Uint8Array {
  return signNote(`${ORIGIN}\n${size}\n${root}\n${extra}`, [signerOf(ORIGIN, "log")]);
}

const root16 = toBase64(log.rootAt(16));
const ownNote = noteOf("16", root16);
const ownLine = new TextDecoder().decode(ownNote).split("\n\n")[1] ?? "";
const fact3 = exampleFact(3);
const bigFact = encodeFact(
  {
    scope: "team/a",
    entity: "user:1",
    relation: "biography",
    value: { case: "text", value: "x".repeat(70_000) },
  },
  { bytesMax: 1 << 20 },
);

function validCases(): Case[] {
  const kinds = log.entries.map((entry, index) => ({
    why: `entry ${index}, of kind ${entry.kind}`,
    receipt: receiptOf(index),
  }));
  const two = { w1: 0, w3: 50 };
  return [
    ...kinds,
    { why: "an endorsement with the endorsed fact lists its authors", receipt: receiptOf(ENDORSEMENT), fact: fact3 },
    { why: "private evidence for an auditor", receipt: receiptOf(FACT, undefined, { evidencePrivate: log.entry(FACT).evidencePrivate }) },
    { why: "smaller tree than the newest", receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 7 })]) },
    { why: "the last leaf of its tree", receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 2 })]) },
    { why: "a tree of one leaf has an empty path", receipt: receiptOf(0, [anchorOf({ index: 0, size: 1 })]) },
    { why: "a fact above 64 KiB: verifiers allow 1 MiB", receipt: lone({ kind: "fact", body: bigFact }) },
    { why: "lines of unknown keys and unknown types are ignored", receipt: withNote(joined(ownNote, `— other.example ${toBase64(seedOf("any"))}\n`)) },
    { why: "the log's name with another key id is an unknown key", receipt: withNote(joined(ownNote, `— ${ORIGIN} ${toBase64(seedOf("any"))}\n`)) },
    { why: "a failing anchor is passed over", receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 9, signers: [signerOf(ORIGIN, "stranger")] }), anchorOf({ index: FACT })]) },
    { why: "a malformed anchor is passed over", receipt: receiptOf(FACT, [create(AnchorSchema, { checkpoint: utf8("nonsense") }), anchorOf({ index: FACT })]) },
    { why: "quorum of two out of three", receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: two })]), policy: `${QUORUM}require witnessed\n` },
    { why: "the witnesses' lines stand in the note itself", receipt: withNote(joined(ownNote, cosign(`${ORIGIN}\n16\n${root16}\n`, "w1"), cosign(`${ORIGIN}\n16\n${root16}\n`, "w2"))), policy: QUORUM },
    { why: "cosignatures nobody asked for", receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: two })]) },
    { why: "an unknown witness is ignored", receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: { ...two, stranger: 0 } })]), policy: QUORUM },
    { why: "age counts from the newest signed time: exactly max-age", receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: two })]), policy: `${QUORUM}max-age 50\n` },
    { why: "age with a known witness and no quorum", receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: { w1: 0 } })]), policy: `log ${logVkey}\nwitness w1 ${witnessVkey("w1")}\nquorum none\nmax-age 100\n` },
    { why: "an anchor too old is passed over for a younger one", receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 9, cosigned: { w1: -100, w2: -100 } }), anchorOf({ index: FACT, cosigned: two })]), policy: `${QUORUM}max-age 60\n` },
    { why: "a retired key up to its size, with the quorum", receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 12, cosigned: two })]), policy: RETIRED },
    { why: "a note signed by the new key and, beyond its size, the retired one", receipt: receiptOf(FACT, [anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "log"), signerOf(ORIGIN, "new log")] })]), policy: `log ${newVkey}\nquorum none\nretired ${logVkey} max-size 12\n` },
    { why: "signed by old and new key, the new one trusted", receipt: receiptOf(FACT, [anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "log"), signerOf(ORIGIN, "new log")] })]), policy: `log ${newVkey}\nquorum none\n` },
    { why: "several logs trusted", receipt: receiptOf(FACT), policy: `log ${vkeyOf("other.example", "other log")} https://other.example/\nlog ${logVkey}\nquorum none\n` },
    { why: "a trusted author", receipt: receiptOf(FACT_TWO_AUTHORS), policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")} 2 2\n` },
    { why: "an author trusted from an index on", receipt: receiptOf(RETRACTION), policy: `${LOG}require author\nauthor ${vkeyOf("author.example/1", "author 1")} 5\n` },
    { why: "the author of an endorsement, with the fact", receipt: receiptOf(ENDORSEMENT), fact: fact3, policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")}\n` },
    { why: "two notes of one size and one root are no fork", receipt: receiptOf(FACT, [anchorOf({ index: FACT }), anchorOf({ index: FACT, cosigned: two })]) },
    { why: "an untrusted note of the same size with another root is no fork", receipt: receiptOf(FACT, [anchorOf({ index: FACT }), forkedAnchor("stranger", 16)]) },
    { why: "a note of a retired key beyond its size is no fork", receipt: receiptOf(FACT, [anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "new log")] }), forkedAnchor("log", 16)]), policy: `log ${newVkey}\nquorum none\nretired ${logVkey} max-size 12\n` },
    { why: "bundles are not looked at unless a verifier for them is given", receipt: receiptOf(FACT, [{ ...anchorOf({ index: FACT }), bundles: [utf8("{}")] }]) },
  ];
}

function forkedAnchor(label: string, size: number): Anchor {
  const checkpoint = { origin: ORIGIN, size: BigInt(size), root: seedOf("forged root") };
  const note = signCheckpoint(checkpoint, [signerOf(ORIGIN, label)]);
  return create(AnchorSchema, { checkpoint: note, inclusion: log.inclusion(FACT, size) });
}

function bodyAndEvidenceCases(): Case[] {
  const fact = log.entry(FACT);
  const stranger = { publicKey: publicKeyOf("author 2"), signature: new Uint8Array(64) };
  const good = signAuthor("fact", exampleFact(1), seedOf("author 1"));
  const crossed = signAuthor("retraction", exampleFact(1), seedOf("author 1"));
  const plain = (wrong: NewEntry["wrong"]): NewEntry => ({ kind: "fact", body: exampleFact(1), ...(wrong && { wrong }) });
  return [
    { why: "body and blind erased", receipt: receiptOf(FACT, undefined, { body: new Uint8Array(0), blind: new Uint8Array(0) }), code: "BODY_ERASED" },
    { why: "erased, and the policy asks for an author", receipt: receiptOf(FACT, undefined, { body: new Uint8Array(0), blind: new Uint8Array(0) }), policy: `${LOG}require author\n`, code: "BODY_ERASED" },
    { why: "another blind", receipt: receiptOf(FACT, undefined, { blind: flipped(fact.blind, 3) }), code: "SUBJECT_MISMATCH" },
    { why: "another fact", receipt: receiptOf(FACT, undefined, { body: exampleFact(9) }), code: "SUBJECT_MISMATCH" },
    { why: "fact with its nonce before its source", receipt: lone({ kind: "fact", body: joined(exampleFact(1), Uint8Array.of(0x6a, 1, 0x61)) }), code: "MALFORMED_FACT" },
    { why: "retraction with a written default", receipt: lone({ kind: "retraction", body: joined(log.entry(RETRACTION).body.subarray(0, 8), Uint8Array.of(0x10, 0)) }), code: "MALFORMED_BODY" },
    { why: "private evidence that is not the hashed one", receipt: receiptOf(FACT, undefined, { evidencePrivate: log.entry(FACT + 1).evidencePrivate }), code: "EVIDENCE_MISMATCH" },
    { why: "another private evidence hash", receipt: receiptOf(FACT, undefined, { evidencePrivateHash: seedOf("any") }), code: "EVIDENCE_MISMATCH" },
    { why: "public evidence of another entry", receipt: receiptOf(FACT, undefined, { evidencePublic: log.entry(FACT + 1).evidencePublic }), code: "EVIDENCE_MISMATCH" },
    { why: "public evidence with an unknown field", receipt: lone(plain({ evidencePublic: joined(fact.evidencePublic, Uint8Array.of(0x78, 1)) })), code: "MALFORMED_EVIDENCE" },
    { why: "public evidence without salt", receipt: lone(plain({ evidencePublic: fact.evidencePublic.slice(0, -18) })), code: "MALFORMED_EVIDENCE" },
    { why: "private evidence that is not canonical", receipt: lone(plain({ evidencePrivate: joined(fact.evidencePrivate, Uint8Array.of(0x78, 1)) }), { evidencePrivate: joined(fact.evidencePrivate, Uint8Array.of(0x78, 1)) }), code: "MALFORMED_EVIDENCE" },
    { why: "scope_index 0 with a scope_previous", receipt: lone(plain({ scopePrevious: seedOf("any") })), code: "LINK_MISMATCH" },
    { why: "scope_index 1 with a zero scope_previous", receipt: lone(plain({ scopeIndex: 1 })), code: "LINK_MISMATCH" },
    { why: "a zero previous at index 1", receipt: lone(plain({ previous: new Uint8Array(32) })), code: "LINK_MISMATCH" },
    { why: "a previous at index 0", receipt: first({ ...genesis(), wrong: { previous: seedOf("any") } }), code: "LINK_MISMATCH" },
    { why: "a fact at index 0", receipt: first(plain(undefined)), code: "LINK_MISMATCH" },
    { why: "leaf of version 2", receipt: lone(plain({ version: 2 })), code: "MALFORMED_LEAF" },
    { why: "an author signature that does not hold", receipt: lone(plain({ signatures: [stranger] })), code: "AUTHOR_SIGNATURE_INVALID" },
    { why: "the second of two author signatures does not hold", receipt: lone(plain({ signatures: [good, stranger] })), code: "AUTHOR_SIGNATURE_INVALID" },
    { why: "a signature over the body of another kind", receipt: lone(plain({ signatures: [crossed] })), code: "AUTHOR_SIGNATURE_INVALID" },
    { why: "an endorsement with another fact", receipt: receiptOf(ENDORSEMENT), fact: exampleFact(1), code: "CID_MISMATCH" },
    { why: "leaf of another entry", receipt: receiptOf(FACT, undefined, { leaf: log.entry(2).leaf }), code: "SUBJECT_MISMATCH" },
  ];
}

function noteCases(): Case[] {
  const otherLog = `log ${vkeyOf("other.example", "log")}\nquorum none\n`;
  const otherNote = signNote(`${ORIGIN}\n16\n${root16}\n`, [signerOf("other.example", "log")]);
  const stranger = `— x.example ${toBase64(seedOf("any"))}\n`;
  const short = log.inclusion(FACT, 16);
  const withPath = (inclusion: Uint8Array[]) => withNote(ownNote, inclusion);
  return [
    { why: "no key trusted", receipt: receiptOf(FACT), policy: "quorum none\n", code: "UNTRUSTED_KEY" },
    { why: "signed by another key of that name", receipt: receiptOf(FACT), policy: `log ${newVkey}\nquorum none\n`, code: "UNTRUSTED_KEY" },
    { why: "a trusted key of another log signed this origin", receipt: withNote(otherNote), policy: otherLog, code: "ORIGIN_MISMATCH" },
    { why: "the log's signature does not hold", receipt: withNote(joined(`${ORIGIN}\n17\n${root16}\n\n`, ownLine)), code: "SIGNATURE_INVALID" },
    { why: "the log signs twice", receipt: withNote(joined(ownNote, ownLine)), code: "SIGNATURE_INVALID" },
    { why: "one known key holds, another known key does not", receipt: withNote(joined(ownNote, (new TextDecoder().decode(signNote("other\n", [signerOf(ORIGIN, "new log")])).split("\n\n")[1]) ?? "")), policy: `log ${logVkey}\nlog ${newVkey}\nquorum none\n`, code: "SIGNATURE_INVALID" },
    { why: "more than 16 signature lines", receipt: withNote(joined(ownNote, stranger.repeat(16))), code: "LIMIT_EXCEEDED" },
    { why: "an extension line", receipt: withNote(noteOf("16", root16, "extension\n")), code: "MALFORMED_CHECKPOINT" },
    { why: "a size of 2^63", receipt: withNote(noteOf("9223372036854775808", root16)), code: "MALFORMED_CHECKPOINT" },
    { why: "a size with a leading zero", receipt: withNote(noteOf("016", root16)), code: "MALFORMED_CHECKPOINT" },
    { why: "a root of 31 bytes", receipt: withNote(noteOf("16", toBase64(seedOf("any").slice(1)))), code: "MALFORMED_CHECKPOINT" },
    { why: "no note at all", receipt: withNote(new Uint8Array(0)), code: "MALFORMED_NOTE" },
    { why: "path of another leaf", receipt: withPath(log.inclusion(2, 16)), code: "INCLUSION_MISMATCH" },
    { why: "path too short", receipt: withPath(short.slice(1)), code: "INCLUSION_MISMATCH" },
    { why: "path too long", receipt: withPath([...short, seedOf("any")]), code: "INCLUSION_MISMATCH" },
    { why: "a path hash of 31 bytes", receipt: withPath([seedOf("any").slice(1), ...short.slice(1)]), code: "INCLUSION_MISMATCH" },
    { why: "index not below the size", receipt: withNote(noteOf("1", toBase64(log.rootAt(1))), []), code: "INCLUSION_MISMATCH" },
    { why: "a checkpoint of the empty tree", receipt: withNote(noteOf("0", toBase64(sha256(new Uint8Array(0)))), []), code: "INCLUSION_MISMATCH" },
    { why: "two trusted notes of one size with two roots", receipt: receiptOf(FACT, [anchorOf({ index: FACT }), forkedAnchor("log", 16)]), code: "FORK_DETECTED" },
    { why: "a fork among two keys of one origin", receipt: receiptOf(FACT, [anchorOf({ index: FACT }), forkedAnchor("new log", 16)]), policy: `log ${logVkey}\nlog ${newVkey}\nquorum none\n`, code: "FORK_DETECTED" },
    { why: "the failure of the anchor that came furthest", receipt: receiptOf(FACT, [create(AnchorSchema, { checkpoint: utf8("nonsense") }), { ...anchorOf({ index: FACT }), inclusion: [] }, anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "stranger")] })]), code: "INCLUSION_MISMATCH" },
  ];
}

function requirementCases(): Case[] {
  const cosigned = (names: Readonly<Record<string, number>>, size = 16) => anchorOf({ index: FACT, size, cosigned: names });
  const one = cosigned({ w1: 0 });
  const damaged = { ...one, cosignatures: [...one.cosignatures, utf8(cosign("other\n", "w2"))] };
  return [
    { why: "one witness of the two", receipt: receiptOf(FACT, [one]), policy: QUORUM, code: "WITNESS_REQUIRED" },
    { why: "two witnesses, but in two anchors", receipt: receiptOf(FACT, [one, cosigned({ w2: 0 }, 12)]), policy: QUORUM, code: "WITNESS_REQUIRED" },
    { why: "quorum none never satisfies require witnessed", receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 0 })]), policy: `log ${logVkey}\n${WITNESSES}quorum none\nrequire witnessed\n`, code: "WITNESS_REQUIRED" },
    { why: "a known witness whose line does not hold spoils the anchor", receipt: receiptOf(FACT, [damaged]), policy: QUORUM, code: "SIGNATURE_INVALID" },
    { why: "a witness signs twice", receipt: receiptOf(FACT, [{ ...one, cosignatures: [...one.cosignatures, ...cosigned({ w1: 9 }).cosignatures] }]), policy: QUORUM, code: "SIGNATURE_INVALID" },
    { why: "a cosignature without its newline", receipt: receiptOf(FACT, [{ ...one, cosignatures: one.cosignatures.map((line) => line.slice(0, -1)) }]), code: "MALFORMED_COSIGNATURE" },
    { why: "two lines in one cosignature", receipt: receiptOf(FACT, [{ ...one, cosignatures: [joined(...one.cosignatures, ...one.cosignatures)] }]), code: "MALFORMED_COSIGNATURE" },
    { why: "a retired key beyond its size", receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 0 }, 13)]), policy: RETIRED, code: "RETIRED_KEY" },
    { why: "a retired key without quorum or attestation", receipt: receiptOf(FACT, [cosigned({ w1: 0 }, 12)]), policy: RETIRED, code: "RETIRED_KEY" },
    { why: "a key that is trusted and retired is retired", receipt: receiptOf(FACT), policy: `${LOG}retired ${logVkey} max-size 16\n`, code: "RETIRED_KEY" },
    { why: "an attestation is required and there is none", receipt: receiptOf(FACT), policy: `${LOG}require attested\n`, code: "ATTESTATION_REQUIRED" },
    { why: "nobody signed a time", receipt: receiptOf(FACT), policy: `${LOG}max-age 100000\n`, code: "NO_TRUSTED_TIME" },
    { why: "the time of an unknown witness does not count", receipt: receiptOf(FACT, [cosigned({ stranger: 0 })]), policy: `${LOG}max-age 100000\n`, code: "NO_TRUSTED_TIME" },
    { why: "older than max-age", receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 50 })]), policy: `${QUORUM}max-age 49\n`, code: "RECEIPT_TOO_OLD" },
    { why: "the newer time stands in an anchor without the quorum", receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 0 }, 12), cosigned({ w1: 90 })]), policy: `${QUORUM}max-age 50\n`, code: "RECEIPT_TOO_OLD" },
    { why: "no author at all", receipt: receiptOf(FACT_UNSIGNED), policy: `${LOG}require author\n`, code: "AUTHOR_REQUIRED" },
    { why: "an author nobody trusts", receipt: receiptOf(FACT), policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")}\n`, code: "AUTHOR_REQUIRED" },
    { why: "an author trusted only from the next index on", receipt: receiptOf(FACT), policy: `${LOG}require author\nauthor ${vkeyOf("author.example/1", "author 1")} 2\n`, code: "AUTHOR_REQUIRED" },
    { why: "an author trusted only up to the index before", receipt: receiptOf(FACT), policy: `${LOG}require author\nauthor ${vkeyOf("author.example/1", "author 1")} 0 0\n`, code: "AUTHOR_REQUIRED" },
    { why: "an endorsement without its fact lists no authors", receipt: receiptOf(ENDORSEMENT), policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")}\n`, code: "AUTHOR_REQUIRED" },
  ];
}

export function makeReceipts() {
  const invalid = [...bodyAndEvidenceCases(), ...noteCases(), ...requirementCases()];
  return {
    valid: validCases().map(writeCase),
    invalid: invalid.map(writeCase),
    binary_malformed: binaryMalformed(),
    json_valid: jsonValid(),
    json_malformed: jsonMalformed(),
  };
}

function writeCase(wanted: Case) {
  const policy = wanted.policy ?? LOG;
  const now = wanted.now ?? NOW;
  const bytes = encodeReceipt(wanted.receipt);
  const common = {
    why: wanted.why,
    receipt: toBase64(bytes),
    ...(bytes.length < 10_000 && { json: formatReceiptJson(wanted.receipt) }),
    policy,
    now_unix_ms: now,
    ...(wanted.fact && { fact: toHex(wanted.fact) }),
  };
  const outcome = outcomeOf(parseReceipt(bytes), policy, now, wanted.fact);
  if (outcome.code !== wanted.code) {
    throw new Error(`${wanted.why}: expected ${wanted.code}, got ${outcome.code}`);
  }
  return { ...common, expect: outcome };
}

function outcomeOf(receipt: Receipt, policy: string, now: number, fact: Uint8Array | undefined) {
  try {
    const done = verifyReceipt(receipt, parsePolicy(policy), now, fact ? { factBytes: fact } : {});
    return {
      proven: done.proven,
      kind: done.kind,
      ...(done.cid && { cid: toHex(done.cid) }),
      index: String(done.index),
      time_unix_ms: String(done.timeUnixMs),
      origin: done.origin,
      tree_size: String(done.treeSize),
      root: toHex(done.root),
      authors: done.authors.map(toHex),
      anchor: done.anchorIndex,
      witnesses: done.witnesses,
      ...(done.signedTimeUnixMs !== undefined && { signed_time_unix_ms: done.signedTimeUnixMs }),
    };
  } catch (error) {
    const { code, proven } = error as { code: string; proven?: readonly string[] };
    if (code === undefined) throw error;
    return { code, ...(proven && { proven }) };
  }
}

function binaryMalformed() {
  const good = encodeReceipt(receiptOf(FACT));
  const entry = log.entry(FACT);
  const field = (number: number, value: Uint8Array) =>
    joined(varint(number * 8 + 2), varint(value.length), value);
  const anchor = field(1, utf8("x"));
  const parts = {
    body: field(1, entry.body),
    blind: field(2, entry.blind),
    public: field(3, entry.evidencePublic),
    hash: field(4, sha256(entry.evidencePrivate)),
    leaf: field(6, entry.leaf),
    anchor: field(7, anchor),
  };
  const all = joined(...Object.values(parts));
  const without = (name: keyof typeof parts) =>
    joined(...Object.entries(parts).flatMap(([key, value]) => (key === name ? [] : [value])));
  parseReceipt(all);
  const cases: [string, Uint8Array][] = [
    ["empty", new Uint8Array(0)],
    ["cut off", good.slice(0, -1)],
    ["a byte after the end", joined(good, Uint8Array.of(0))],
    ["an unknown field", joined(all, field(8, utf8("x")))],
    ["an unknown field in an anchor", joined(without("anchor"), field(7, joined(anchor, field(9, utf8("x")))))],
    ["leaf twice", joined(without("anchor"), parts.leaf, parts.anchor)],
    ["anchor before leaf", joined(without("anchor").slice(0, -parts.leaf.length), parts.anchor, parts.leaf)],
    ["an empty field written", joined(without("leaf").slice(0, -parts.anchor.length), field(5, new Uint8Array(0)), parts.leaf, parts.anchor)],
    ["a length in more bytes than needed", joined(parts.body, parts.blind, parts.public, Uint8Array.of(0x22, 0xa0, 0x00), sha256(entry.evidencePrivate), parts.leaf, parts.anchor)],
    ["no leaf", without("leaf")],
    ["a leaf of 113 bytes", joined(without("leaf").slice(0, -parts.anchor.length), field(6, entry.leaf.slice(1)), parts.anchor)],
    ["no private evidence hash", without("hash")],
    ["no anchor", without("anchor")],
    ["body without blind", without("blind")],
    ["blind without body", without("body")],
    ["a blind of 15 bytes", joined(parts.body, field(2, entry.blind.slice(1)), parts.public, parts.hash, parts.leaf, parts.anchor)],
  ];
  return cases.map(([why, bytes]) => ({ why, bytes: toBase64(bytes), code: "MALFORMED_RECEIPT" }));
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  return Uint8Array.of(...out, rest);
}

function jsonValid() {
  const receipt = receiptOf(FACT);
  const json = formatReceiptJson(receipt);
  const members = Object.entries(JSON.parse(json) as Record<string, unknown>);
  const same = toBase64(encodeReceipt(receipt));
  return [
    { why: "as written by us", json, receipt: same },
    { why: "any white space", json: `\n\t ${JSON.stringify(JSON.parse(json), null, "\t")} \r\n`, receipt: same },
    { why: "any order of members", json: JSON.stringify(Object.fromEntries(members.reverse())), receipt: same },
    { why: "empty equals absent", json: json.replace("{", '{"evidencePrivate":"",'), receipt: same },
    { why: "empty lists equal absent ones", json: json.replace('"inclusion":', '"bundles":[],"cosignatures":[],"inclusion":'), receipt: same },
    { why: "escapes in strings", json: json.replace('"leaf":', '"l\\u0065af":').replaceAll("/", "\\/"), receipt: same },
  ];
}

function jsonMalformed() {
  const json = formatReceiptJson(receiptOf(FACT));
  const blind = toBase64(log.entry(FACT).blind);
  const cases: [string, string][] = [
    ["empty", ""],
    ["not an object", "[]"],
    ["a byte order mark", `\ufeff${json}`],
    ["trailing data", `${json}{}`],
    ["a trailing comma", json.replace(/\}$/, ",}")],
    ["cut off", json.slice(0, -1)],
    ["an unknown key", json.replace("{", '{"comment":"",')],
    ["an unknown key in an anchor", json.replace('"checkpoint":', '"note":"","checkpoint":')],
    ["a snake_case name", json.replace("evidencePublic", "evidence_public")],
    ["a duplicate key", json.replace("{", `{"blind":"${blind}",`)],
    ["a duplicate key written with an escape", json.replace("{", `{"blin\\u0064":"${blind}",`)],
    ["a duplicate key in an anchor", json.replace('"checkpoint":', '"bundles":[],"bundles":[],"checkpoint":')],
    ["null", json.replace("{", '{"evidencePrivate":null,')],
    ["null for a list", json.replace('"inclusion":', '"bundles":null,"inclusion":')],
    ["null in a list", json.replace('"inclusion":', '"bundles":[null],"inclusion":')],
    ["a number", json.replace("{", '{"evidencePrivate":0,')],
    ["a list for bytes", json.replace("{", '{"evidencePrivate":[],')],
    ["a string for a list", json.replace('"inclusion":', '"bundles":"","inclusion":')],
    ["non-zero trailing base64 bits", json.replace(blind, blind.replace(/.==$/, (end) => `${end === "B==" ? "C" : "B"}==`))],
    ["base64 without padding", json.replace(blind, blind.slice(0, -2))],
    ["URL-safe base64", json.replace(/"leaf":"..../, '"leaf":"-_-_')],
    ["white space in base64", json.replace(blind, ` ${blind}`)],
    ["single quotes", json.replaceAll('"', "'")],
    ["a comment", json.replace("{", "{/**/")],
    ["a raw control character in a string", json.replace('"blind"', '"bli\u0001nd"')],
    ["a no-break space between members", json.replace("{", "{\u00a0")],
    ["no leaf", json.replace(/"leaf":"[^"]*",/, "")],
    ["no anchors", json.replace(/"anchors":.*$/, '"anchors":[]}')],
    ["body without blind", json.replace(`"blind":"${blind}",`, "")],
  ];
  return cases.map(([why, text]) => ({ why, json: text, code: "MALFORMED_RECEIPT" }));
}
