// Signed notes, checkpoints, verifier keys, cosignatures and bare Ed25519: whatever verifies must
// say what a holder of the key once signed.
import { utf8 } from "@strongroom/protocol";
import { byteMutators } from "../mutate/bytes.ts";
import type { Draft } from "../mutate/draft.ts";
import { textMutators } from "../mutate/text.ts";
import type { Random } from "../random.ts";
import { expect, protocolCodes, type Target, textOf } from "../target.ts";
import { fromBase64, fromHex, readVectors, sameBytes } from "../valid-inputs.ts";

interface NoteVectors {
  vkeys_valid: { vkey: string }[];
  notes_valid: { note: string; vkeys: string[]; text: string }[];
  checkpoints_valid: { text: string }[];
  cosignatures_valid: { text: string; line: string; vkey: string; time: string }[];
}
interface LogVectors {
  vkey: string;
  checkpoints: { size: number; note: string }[];
  roots: Record<string, string>;
}

const SIGNED = ["SIGNATURE_INVALID", "UNTRUSTED_KEY"];

export function noteTarget(): Target {
  const valid = readVectors<NoteVectors>("notes").notes_valid;
  const seeds = valid.map(({ note }) => fromBase64(note));
  // Every text that a key has signed, in any vector.
  const signed = new Set(
    valid.flatMap(({ vkeys, text }) => vkeys.map((vkey) => `${vkey}\n${text}`)),
  );
  return {
    name: "note",
    seeds,
    mutators: textMutators,
    codes: ["MALFORMED_NOTE", "LIMIT_EXCEEDED", ...SIGNED],
    nobleOnceIn: 32,
    check(input, { protocol, origin }) {
      const note = protocol.parseNote(input);
      const again = `${note.text}\n${note.signatures.map(({ line }) => line).join("")}`;
      expect(sameBytes(utf8(again), input), "a note comes back as other bytes");
      expect(note.signatures.length <= 16, "accepts more than 16 signatures");
      const keys = (valid[origin]?.vkeys ?? []).map((vkey) => protocol.parseVkey(vkey));
      const { text, verified } = protocol.verifyNote(input, keys);
      for (const key of verified) {
        const isKnown = signed.has(`${protocol.formatVkey(key)}\n${text}`);
        expect(isKnown, "verifies a text that nobody signed");
      }
      return "accepted";
    },
  };
}

export function checkpointTarget(): Target {
  const { vkey, checkpoints, roots } = readVectors<LogVectors>("log_small");
  return {
    name: "checkpoint",
    seeds: checkpoints.map(({ note }) => utf8(note)),
    mutators: textMutators,
    codes: [
      "MALFORMED_NOTE",
      "MALFORMED_CHECKPOINT",
      "LIMIT_EXCEEDED",
      "ORIGIN_MISMATCH",
      ...SIGNED,
    ],
    nobleOnceIn: 32,
    check(input, { protocol }) {
      const { size, root } = protocol.verifyCheckpoint(input, [protocol.parseVkey(vkey)]);
      const isKnown = checkpoints.some((known) => BigInt(known.size) === size);
      expect(
        isKnown && protocol.toHex(root) === roots[String(size)],
        "proves a head that never was",
      );
      return "accepted";
    },
  };
}

export function checkpointTextTarget(): Target {
  const { checkpoints_valid } = readVectors<NoteVectors>("notes");
  return {
    name: "checkpoint-text",
    seeds: checkpoints_valid.map(({ text }) => utf8(text)),
    mutators: textMutators,
    codes: ["MALFORMED_CHECKPOINT"],
    check(input, { protocol }) {
      const text = textOf(input);
      const checkpoint = protocol.parseCheckpoint(text);
      expect(checkpoint.size < 2n ** 63n && checkpoint.size >= 0n, "accepts a size of 2^63");
      expect(protocol.formatCheckpoint(checkpoint) === text, "a checkpoint has two texts");
      return "accepted";
    },
  };
}

export function vkeyTarget(): Target {
  const { vkeys_valid } = readVectors<NoteVectors>("notes");
  return {
    name: "vkey",
    seeds: vkeys_valid.map(({ vkey }) => utf8(vkey)),
    mutators: textMutators,
    codes: ["MALFORMED_VKEY"],
    nobleOnceIn: 1,
    check(input, { protocol, origin }) {
      const line = textOf(input);
      const verifier = protocol.parseVkey(line);
      expect(protocol.formatVkey(verifier) === line, "a verifier key has two texts");
      // The key id binds name, type and key: only a whole other key may come out.
      const valid = protocol.parseVkey(vkeys_valid[origin]?.vkey ?? line);
      const isSameId = valid.keyId === verifier.keyId && valid.name === verifier.name;
      const isSameKey =
        sameBytes(valid.publicKey, verifier.publicKey) && valid.type === verifier.type;
      expect(!isSameId || isSameKey, "one key id, two keys");
      return "accepted";
    },
  };
}

export function cosignatureTarget(): Target {
  const valid = readVectors<NoteVectors>("notes").cosignatures_valid;
  return {
    name: "cosignature",
    seeds: valid.map(({ line }) => utf8(line)),
    mutators: [...textMutators, ...byteMutators],
    codes: ["MALFORMED_COSIGNATURE", ...SIGNED],
    nobleOnceIn: 32,
    check(input, { protocol, origin }) {
      const vector = valid[origin];
      if (vector === undefined) return "accepted";
      const { timeUnixS } = protocol.verifyCosignature(
        vector.text,
        input,
        protocol.parseVkey(vector.vkey),
      );
      const signer = valid.find(({ vkey, text, time }) => {
        return vkey === vector.vkey && text === vector.text && BigInt(time) === timeUnixS;
      });
      expect(signer !== undefined, "proves a time that the witness never signed");
      expect(sameBytes(input, utf8(signer.line)), "a cosignature has two texts");
      return "accepted";
    },
  };
}

/** Input: public key(32) ‖ signature(64) ‖ message. */
export function ed25519Target(): Target {
  const facts = readVectors<{ bytes: string; author_public: string; author_signature: string }[]>(
    "facts_valid",
  ).slice(0, 12);
  const seeds = facts.map((fact) =>
    fromHex(
      fact.author_public +
        fact.author_signature +
        Buffer.from("strongroom/fact/v1\0").toString("hex") +
        fact.bytes,
    ),
  );
  return {
    name: "ed25519",
    seeds: seeds
      .map((seed) => seed.slice(0, 2000))
      .filter((seed, i) => seed.length === seeds[i]?.length),
    mutators: [...byteMutators, ...EDGE_MUTATORS],
    codes: protocolCodes,
    nobleOnceIn: 4,
    inputsInCi: 1500,
    check(input, { protocol }) {
      const key = input.subarray(0, 32);
      const signature = input.subarray(32, 96);
      const message = input.subarray(96);
      if (!protocol.ed25519.verify(key, message, signature)) return "refused";
      expect(
        seeds.some((seed) => sameBytes(seed, input)),
        "accepts a signature nobody made",
      );
      return "accepted";
    },
  };
}

// Keys of small order, encodings that are not canonical, S + L, R and S of zero.
const EDGE_VALUES = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `${"ff".repeat(31)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
  `01${"00".repeat(30)}80`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
].map(fromHex);
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const EDGE_MUTATORS = [
  (draft: Draft, random: Random) => {
    const at = random.pick([0, 32, 64]);
    draft.replace(at, at + 32, random.pick(EDGE_VALUES));
  },
  (draft: Draft) => {
    let s = ORDER;
    for (let i = 0; i < 32; i++) s += BigInt(draft.at(64 + i)) << BigInt(8 * i);
    for (let i = 0; i < 32; i++) draft.set(64 + i, Number((s >> BigInt(8 * i)) & 0xffn));
  },
  (draft: Draft, random: Random) => {
    const at = random.pick([31, 63]);
    draft.set(at, draft.at(at) ^ 0x80);
  },
];
