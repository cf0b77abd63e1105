// Settings of an open store, with defaults and bounds.
import { FACT_BYTES_DEFAULT_MAX, FACT_BYTES_MAX } from "@strongroom/protocol";
import type { WorkSettings } from "./attest/offered-work.ts";
import { RETRY_DEFAULTS } from "./attest/schedule.ts";
import { StoreError } from "./errors.ts";
import type { Environment } from "./keys/key-source.ts";
import type { Cipher } from "./types.ts";

export interface OpenOptions {
  /** Folder of the store. */
  path: string;
  /** 32 bytes, or a key source: `env://VAR`, `file:///path`, `passphrase-env://VAR`, … */
  key: Uint8Array | string;
  /** Default aegis256, or whatever an existing store has. `none` is plaintext and goes with `none://`. */
  cipher?: Cipher;
  /** Make the store if the folder is missing or empty. Default true. */
  create?: boolean;
  /** Name of the log, fixed at creation. Default `strongroom.invalid/<store id>`. */
  origin?: string;
  /** First operator, named in the genesis entry. Default "operator". */
  operatorName?: string;
  /** Keep a text index. Default: what the index has, and none for a new one. */
  textSearch?: boolean;
  /** Where the head anchor lies. Default `head.anchor` in the folder; another volume is better. */
  anchorPath?: string;
  /** Trade: how much the anchor may lag behind the log. Default 0: every head is anchored. */
  anchorLagMs?: number;
  /** Largest fact taken, up to 1 MiB. Default 64 KiB. */
  factBytesMax?: number;
  /** Threads that read and verify, 1–64. Default 2. */
  readers?: number;
  /** A checkpoint is stored after so many entries. Default 1,000. */
  checkpointEntries?: number;
  /** … or so long after a fact, in ms. Default 60,000. */
  checkpointMs?: number;
  /** First wait after a failed attestation, doubled with each further one, in ms. Default 60,000. */
  attestationRetryMs?: number;
  /** Longest wait that the store chooses, in ms. Default 3,600,000. */
  attestationRetryMaxMs?: number;
  /** Whether a newer checkpoint takes the place of those never sent. Default true. */
  attestationSupersede?: boolean;
  /** Where key sources look up variables. Default process.env. */
  env?: Environment;
}

export interface Settings {
  path: string;
  anchorPath: string;
  textSearch: boolean | undefined;
  anchorLagMs: number;
  factBytesMax: number;
  readers: number;
  checkpointEntries: number;
  checkpointMs: number;
  work: WorkSettings;
}

const ANCHOR_FILE = "head.anchor";
const DAY_MS = 86_400_000;

export function readSettings(options: OpenOptions): Settings {
  return {
    path: options.path,
    anchorPath: options.anchorPath ?? `${options.path}/${ANCHOR_FILE}`,
    textSearch: options.textSearch,
    anchorLagMs: bounded("anchorLagMs", options.anchorLagMs, { default: 0, min: 0, max: 60_000 }),
    factBytesMax: bounded("factBytesMax", options.factBytesMax, {
      default: FACT_BYTES_DEFAULT_MAX,
      min: 1024,
      max: FACT_BYTES_MAX,
    }),
    readers: bounded("readers", options.readers, { default: 2, min: 1, max: 64 }),
    checkpointEntries: bounded("checkpointEntries", options.checkpointEntries, {
      default: 1000,
      min: 1,
      max: 1_000_000,
    }),
    checkpointMs: bounded("checkpointMs", options.checkpointMs, {
      default: 60_000,
      min: 10,
      max: DAY_MS,
    }),
    work: readWorkSettings(options),
  };
}

function readWorkSettings(options: OpenOptions): WorkSettings {
  const { initialMs, capMs } = RETRY_DEFAULTS;
  const range = { min: 10, max: DAY_MS };
  const { attestationRetryMs: initial, attestationRetryMaxMs: cap } = options;
  return {
    initialMs: bounded("attestationRetryMs", initial, { default: initialMs, ...range }),
    capMs: bounded("attestationRetryMaxMs", cap, { default: capMs, ...range }),
    supersede: options.attestationSupersede ?? true,
  };
}

function bounded(
  name: string,
  value: number | undefined,
  range: { default: number; min: number; max: number },
): number {
  const chosen = value ?? range.default;
  if (Number.isInteger(chosen) && chosen >= range.min && chosen <= range.max) return chosen;
  throw new StoreError("INVALID_ARGUMENT", `${name} is not within ${range.min}–${range.max}`);
}
