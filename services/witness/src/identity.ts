// Who this witness is: its key file, and beside its memory a line that says whose memory it is. A
// key without its memory would sign again what it may have signed differently before, so that an
// empty folder (a volume that is not mounted) is refused and not taken for a first start.
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type CosignatureKey,
  cosignatureVerifier,
  ed25519,
  formatVkey,
  type NoteVerifier,
  parseVkey,
} from "@strongroom/protocol";
import { errnoOf, replaceFile } from "./durable-file.ts";
import { WitnessError } from "./errors.ts";

export interface WitnessIdentity {
  readonly key: CosignatureKey;
  readonly verifier: NoteVerifier;
  /** The line that others put into their policies and settings. */
  readonly vkey: string;
  /** Made by this start. */
  readonly isNew: boolean;
}

export interface IdentityOptions {
  /** 64 hex digits or 32 raw bytes; made if there is none. */
  readonly keyPath: string;
  /** The folder of the memory. */
  readonly statePath: string;
  /** Name of the key; made up at the first start if unset. */
  readonly name?: string | undefined;
  /** The operator's word that this key has never signed, or not for these logs. */
  readonly acceptNewState: boolean;
}

const SEED_BYTES = 32;
const VKEY_FILE = "witness.vkey";

/** Throws WITNESS_KEY_INVALID, WITNESS_STATE_MISSING, WITNESS_STATE_FOREIGN. */
export async function openIdentity(options: IdentityOptions): Promise<WitnessIdentity> {
  const { keyPath, statePath } = options;
  await mkdir(statePath, { recursive: true, mode: 0o700 });
  const remembered = await readVkey(join(statePath, VKEY_FILE));
  const seed = await readSeed(keyPath);
  if (seed === undefined) return await makeIdentity(options, remembered);
  if (remembered === undefined) {
    if (!options.acceptNewState) throw missingState(statePath);
    return await remember(options, seed, options.name ?? (await madeUpName(seed)));
  }
  const identity = identityOf(seed, remembered.name, false);
  const isOther = options.name !== undefined && options.name !== remembered.name;
  if (identity.verifier.keyId !== remembered.keyId || isOther) {
    const message = `open ${statePath}: it is the memory of ${formatVkey(remembered)}`;
    throw new WitnessError("WITNESS_STATE_FOREIGN", message);
  }
  return identity;
}

/** A first start, or one that was cut short before it signed anything. */
async function makeIdentity(
  options: IdentityOptions,
  remembered: NoteVerifier | undefined,
): Promise<WitnessIdentity> {
  const others = (await readdir(options.statePath)).filter((name) => !name.startsWith(VKEY_FILE));
  if (others.length > 0) {
    const whose = remembered === undefined ? "a witness" : formatVkey(remembered);
    const message = `open ${options.keyPath}: the key is missing, and ${options.statePath} is the memory of ${whose}`;
    throw new WitnessError("WITNESS_KEY_INVALID", message);
  }
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  const identity = await remember(options, seed, options.name ?? (await madeUpName(seed)));
  await mkdir(dirname(options.keyPath), { recursive: true, mode: 0o700 });
  await replaceFile(options.keyPath, `${Buffer.from(seed).toString("hex")}\n`);
  await chmod(options.keyPath, 0o600);
  return identity;
}

async function remember(
  options: IdentityOptions,
  seed: Uint8Array,
  name: string,
): Promise<WitnessIdentity> {
  const identity = identityOf(seed, name, true);
  await replaceFile(join(options.statePath, VKEY_FILE), `${identity.vkey}\n`);
  return identity;
}

function identityOf(seed: Uint8Array, name: string, isNew: boolean): WitnessIdentity {
  try {
    const verifier = cosignatureVerifier(name, ed25519.publicKey(seed));
    return { key: { name, seed }, verifier, vkey: formatVkey(verifier), isNew };
  } catch (cause) {
    throw new WitnessError("WITNESS_KEY_INVALID", "name of the witness is not legal", { cause });
  }
}

/** Unique without saying anything about the machine. */
async function madeUpName(seed: Uint8Array): Promise<string> {
  const digest = createHash("sha256").update(ed25519.publicKey(seed)).digest("hex");
  return `strongroom.invalid/witness/${digest.slice(0, 16)}`;
}

async function readSeed(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path, "r").catch((cause: unknown) => {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw new WitnessError("WITNESS_KEY_INVALID", `open ${path}: ${errnoOf(cause)}`, { cause });
  });
  if (file === undefined) return undefined;
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new WitnessError("WITNESS_KEY_INVALID", `open ${path}: others may read it: chmod 600`);
    }
    return parseSeed(await file.readFile(), path);
  } finally {
    await file.close();
  }
}

function parseSeed(bytes: Uint8Array, path: string): Uint8Array {
  if (bytes.length === SEED_BYTES) return new Uint8Array(bytes);
  const hex = /^([0-9a-f]{64})\n?$/.exec(Buffer.from(bytes).toString("latin1"))?.[1];
  if (hex !== undefined) return new Uint8Array(Buffer.from(hex, "hex"));
  const message = `read ${path}: neither 32 bytes nor 64 lower-case hex digits`;
  throw new WitnessError("WITNESS_KEY_INVALID", message);
}

async function readVkey(path: string): Promise<NoteVerifier | undefined> {
  try {
    return parseVkey((await readFile(path, "utf8")).trimEnd());
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw new WitnessError("WITNESS_STATE_DAMAGED", `read ${path}: not a verifier key`, { cause });
  }
}

function missingState(path: string): WitnessError {
  const hint = "put it back; if this key never signed, say accept-new-state";
  const message = `open ${path}: the memory of this key is missing: ${hint}`;
  return new WitnessError("WITNESS_STATE_MISSING", message);
}
