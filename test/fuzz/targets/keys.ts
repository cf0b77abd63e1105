// What guards the store's files and the way back into a page: keyring, head anchor, key sources,
// page tokens. None of it may open after an edit, and no message may hold a secret.
import { createHash } from "node:crypto";
import { chmodSync, closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "@strongroom/protocol";
import { byteMutators, type Mutator } from "../mutate/bytes.ts";
import { jsonMutators } from "../mutate/json.ts";
import { editMember, reseal } from "../mutate/keyring.ts";
import { textMutators } from "../mutate/text.ts";
import { expect, type Target, textOf } from "../target.ts";
import { built, fromHex, readMadeSeeds, sameBytes } from "../valid-inputs.ts";

export type Keyrings = typeof import("../../../packages/store/src/keys/keyring.js");
type KeyringFile = typeof import("../../../packages/store/src/keys/keyring-file.js");
type KeySources = typeof import("../../../packages/store/src/keys/key-source.js");
type Anchors = typeof import("../../../packages/store/src/anchor/head-anchor.js");
export type PageTokenModule = typeof import("../../../packages/store/src/read/query/page-token.js");
export type KeySource = ReturnType<KeySources["readKeySource"]>;

/** Only the bytes that were signed open; Argon2 never runs, as the key is a raw one. */
export async function keyringTarget(folder: string): Promise<Target> {
  const { openKeyring } = await built<Keyrings>("packages/store/dist/keys/keyring.js");
  const { parseKeyring, formatKeyring } = await built<KeyringFile>(
    "packages/store/dist/keys/keyring-file.js",
  );
  const { keyrings, key } = readMadeSeeds();
  const seeds = keyrings.map(utf8);
  const file = new FileOfInput(join(folder, "keyring.json"));
  const codes = ["KEYRING_MALFORMED", "KEYRING_EDITED", "KDF_LIMITS", "WRONG_KEY", "NOT_ENCRYPTED"];
  return {
    name: "keyring",
    seeds,
    mutators: [editMember, editMember, editMember, editMember, ...jsonMutators],
    codes,
    inputsInCi: 2000,
    check(input) {
      const keyring = parseKeyring(input);
      expect(sameBytes(utf8(formatKeyring(keyring)), input), "a keyring has two texts");
      for (const { kind, parameters } of keyring.slots) {
        if (kind !== "passphrase") continue;
        const { t, m, p } = parameters;
        const isBounded =
          t >= 1 && t <= 10 && m >= 19 * 1024 && m <= 1024 ** 2 && p >= 1 && p <= 16;
        expect(isBounded, "takes Argon2 parameters out of bounds");
      }
      file.write(input);
      const source: KeySource = { kind: "raw", secret: fromHex(key), label: "key" };
      const bytes = input.slice();
      return openKeyring(file.path, source).then(() => {
        expect(
          source.secret.every((byte) => byte === 0),
          "leaves the key in memory",
        );
        expect(
          seeds.some((seed) => sameBytes(seed, bytes)),
          "opens an edited keyring",
        );
        return "accepted";
      });
    },
    close: () => file.close(),
  };
}

/** Emptying a file costs more than all the rest, so it is written over and cut. */
class FileOfInput {
  readonly path: string;
  readonly #file: number;
  #length = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "w+", 0o600);
  }

  write(input: Uint8Array): void {
    writeSync(this.#file, input, 0, input.length, 0);
    if (input.length < this.#length) ftruncateSync(this.#file, input.length);
    this.#length = input.length;
  }

  close(): void {
    closeSync(this.#file);
  }
}

const SLOT_BYTES = 4096;
const SIDE_BYTES = 40;
const ZEROES = Buffer.alloc(SLOT_BYTES);

interface Slot {
  sequence: bigint;
  note: Buffer;
  clean: boolean;
}

/** The judge reads the two slots by the description of the format. */
export async function anchorTarget(folder: string): Promise<Target> {
  const { HeadAnchor, ANCHOR_NOTE_BYTES_MAX } = await built<Anchors>(
    "packages/store/dist/anchor/head-anchor.js",
  );
  const file = new FileOfInput(join(folder, "head.anchor"));
  const note = (size: number): Uint8Array => utf8(`origin.example/o\n${size}\nAAAA\n\n— o AAAA\n`);
  const slots = [1, 2, 3].map((n) => slotOf(BigInt(n), note(n * 10), n % 2));
  const empty = Buffer.alloc(SLOT_BYTES);
  const seeds = [
    Buffer.concat([slots[0] ?? empty, slots[1] ?? empty]),
    Buffer.concat([slots[2] ?? empty, slots[1] ?? empty]),
    Buffer.concat([slots[0] ?? empty, empty]),
  ].map((bytes) => new Uint8Array(bytes));
  const mutators: Mutator[] = [reseal, reseal, reseal, ...byteMutators];
  return {
    name: "head-anchor",
    seeds,
    mutators,
    codes: ["ANCHOR_DAMAGED"],
    inputsInCi: 2000,
    check(input) {
      file.write(input);
      const [first, second] = readSlots(input, ANCHOR_NOTE_BYTES_MAX);
      const valid = [first, second].filter((slot): slot is Slot => typeof slot === "object");
      const anchor = HeadAnchor.open(file.path, { readonly: true });
      anchor.close();
      expect(input.length <= 2 * SLOT_BYTES, "takes more than two slots");
      expect(valid.length > 0, "takes an anchor without a valid slot");
      const newest = valid.reduce((a, b) => (b.sequence > a.sequence ? b : a));
      const found = anchor.newest;
      expect(
        found !== undefined && BigInt(found.sequence) === newest.sequence,
        "not the newest slot",
      );
      expect(sameBytes(found.note, newest.note) && found.clean === newest.clean, "another note");
      expect(anchor.damagedSlot === [first, second].includes("damaged"), "misjudges damage");
      return "accepted";
    },
    close: () => file.close(),
  };
}

function slotOf(sequence: bigint, note: Uint8Array, flags: number): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.write("SRANCHR2", "latin1");
  slot.writeBigUInt64BE(sequence, 8);
  slot.writeUInt8(flags, 16);
  slot.writeUInt32BE(1000, 17);
  slot.writeBigUInt64BE(77n, 21);
  slot.writeUInt16BE(note.length, 29);
  slot.set(note, 31);
  const sides = Number(sequence % 3n);
  slot.writeUInt8(sides, 31 + note.length);
  slot.fill(flags + 1, 32 + note.length, 32 + note.length + sides * SIDE_BYTES);
  const end = 32 + note.length + sides * SIDE_BYTES;
  createHash("sha256").update(slot.subarray(0, end)).digest().copy(slot, end);
  return slot;
}

function readSlots(input: Uint8Array, noteBytesMax: number): (Slot | "empty" | "damaged")[] {
  const padded = Buffer.alloc(2 * SLOT_BYTES);
  padded.set(input.subarray(0, 2 * SLOT_BYTES));
  return [0, 1].map((n) => {
    const slot = padded.subarray(n * SLOT_BYTES, (n + 1) * SLOT_BYTES);
    if (slot.equals(ZEROES)) return "empty";
    const noteEnd = 31 + slot.readUInt16BE(29);
    if (noteEnd > 31 + noteBytesMax) return "damaged";
    const end = noteEnd + 1 + slot.readUInt8(noteEnd) * SIDE_BYTES;
    const sequence = slot.readBigUInt64BE(8);
    const isFramed = slot.toString("latin1", 0, 8) === "SRANCHR2" && end + 32 <= SLOT_BYTES;
    if (!isFramed || slot.readUInt8(16) > 1 || sequence > 2n ** 53n - 1n) return "damaged";
    const digest = createHash("sha256").update(slot.subarray(0, end)).digest();
    const isWhole = digest.equals(slot.subarray(end, end + 32));
    const padding = slot.subarray(end + 32);
    if (!isWhole || !padding.equals(ZEROES.subarray(0, padding.length))) return "damaged";
    return { sequence, note: slot.subarray(31, noteEnd), clean: slot.readUInt8(16) === 1 };
  });
}

export async function pageTokenTarget(): Promise<Target> {
  const { PageTokens } = await built<PageTokenModule>(
    "packages/store/dist/read/query/page-token.js",
  );
  const { pageTokens, pageTokenKey, storeId } = readMadeSeeds();
  const tokens = new PageTokens(fromHex(pageTokenKey), storeId);
  const nowMs = 1_700_000_000_000;
  return {
    name: "page-token",
    seeds: pageTokens.map(({ token }) => utf8(token)),
    mutators: textMutators,
    codes: ["PAGE_TOKEN_INVALID"],
    check(input, { origin }) {
      const made = pageTokens[origin];
      if (made === undefined) return "accepted";
      const { principal, queryHash, token } = made;
      const text = textOf(input);
      const binding = { principal, queryHash: fromHex(queryHash) };
      const page = tokens.open(text, binding, nowMs);
      expect(text === token, "opens an edited page token");
      expect(page.treeSize === 600, "a page token says something else");
      return "accepted";
    },
  };
}

/** Input: the setting `key`. Whatever it says, the secrets stand in no message. */
export async function keySourceTarget(folder: string): Promise<Target> {
  const { readKeySource } = await built<KeySources>("packages/store/dist/keys/key-source.js");
  const hex = "5a".repeat(32);
  const base64 = Buffer.alloc(32, 0xa5).toString("base64");
  const passphrase = "correct horse battery staple";
  const env = { KEY_HEX: hex, KEY_BASE64: base64, PASSPHRASE: passphrase, EMPTY: "" };
  const keyFile = join(folder, "key");
  const passphraseFile = join(folder, "passphrase");
  const openFile = join(folder, "open");
  for (const file of [keyFile, passphraseFile, openFile]) {
    writeFileSync(file, file === passphraseFile ? `${passphrase}\n` : Buffer.alloc(32, 0x5a));
    chmodSync(file, file === openFile ? 0o644 : 0o600);
  }
  const secrets = [hex, base64, passphrase];
  const known = [fromHex(hex), new Uint8Array(32).fill(0xa5), utf8(passphrase), new Uint8Array()];
  const insertSecret: Mutator = (draft, random) => {
    const at = random.below(draft.length + 1);
    draft.replace(
      random.once(2) ? 0 : at,
      random.once(2) ? draft.length : at,
      utf8(random.pick(secrets)),
    );
  };
  const names = ["env://KEY_HEX", "env://KEY_BASE64", "passphrase-env://PASSPHRASE", "none://"];
  return {
    name: "key-source",
    seeds: [...names, `file://${keyFile}`, `passphrase-file://${passphraseFile}`].map(utf8),
    mutators: [insertSecret, ...textMutators],
    codes: ["KEY_LENGTH", "KEY_SOURCE_INVALID", "KEY_SOURCE_UNAVAILABLE", "PERMISSION"],
    inputsInCi: 2000,
    check(input) {
      const setting = textOf(input);
      try {
        const source = readKeySource(setting, env);
        expect(!secrets.some((secret) => source.label.includes(secret)), "a label holds a secret");
        const isKnown = known.some((secret) => sameBytes(secret, source.secret));
        expect(isKnown || source.kind === "passphrase", "reads a key that nobody set");
        expect(!setting.includes("open") || source.kind === "none", "reads a file open to all");
        return "accepted";
      } catch (error) {
        const { message = "", metadata = {} } = error as { message?: string; metadata?: object };
        // A file is told by its path; what stands in place of one is the operator's to know.
        const path = /file:\/\/\/.*/su.exec(setting)?.[0] ?? "\n";
        const said = [message, ...Object.values(metadata)].join(" ").replaceAll(path, "");
        expect(
          !secrets.some((secret) => said.includes(secret)),
          `a message holds a secret: ${said}`,
        );
        throw error;
      }
    },
  };
}
