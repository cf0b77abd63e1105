// A Rekor transparency log, version 1 or 2, as a target.
import { readFile } from "node:fs/promises";
import { MalformedError, VerificationError } from "@strongroom/protocol";
import {
  LOG_ANSWER_BYTES_MAX,
  loadTrustedRoot,
  makeBundle,
  makeRekorRequest,
  parseRekorRequest,
  type RekorVersion,
  signNoteForRekor,
  verifyAttestation,
} from "@strongroom/protocol/attestation";
import { AttestorError } from "../../errors.ts";
import { createHttpTarget, HttpFailure, type HttpTarget } from "../http-exchange.ts";
import type {
  AttestationTarget,
  StoredRequest,
  TargetFailure,
  TargetParts,
  TargetResult,
  TargetWork,
} from "../target.ts";
import type { RekorSettings } from "../target-settings.ts";
import { fetchTimestamp, TIMESTAMP_BYTES_MAX } from "../timestamp.ts";
import { failed } from "./failure-of.ts";
import { HttpClient } from "./http.ts";
import { findVersion, type RekorPlace, submitRequest } from "./rekor-api.ts";

// An attempt has to fit into its lease.
const STAMP_MS_MAX = 15_000;

/** Throws TARGET_INVALID if its trusted root cannot be used. */
export async function createRekorTarget(
  settings: RekorSettings,
  parts: TargetParts,
): Promise<AttestationTarget> {
  return new RekorTarget(settings, parts, await readTrustedRoot(settings));
}

class RekorTarget implements AttestationTarget {
  readonly name: string;
  readonly kind = "rekor";
  readonly #parts: TargetParts;
  readonly #place: RekorPlace;
  readonly #trustedRoot: Uint8Array;
  readonly #timestamps: { readonly url: URL; readonly http: HttpTarget } | undefined;
  #version: RekorVersion | undefined;

  constructor(settings: RekorSettings, parts: TargetParts, trustedRoot: Uint8Array) {
    const url = settings.url.replace(/\/+$/, "");
    this.name = settings.name;
    this.#parts = parts;
    this.#version = settings.version;
    this.#trustedRoot = trustedRoot;
    const { concurrency, timeoutMs, timestampUrl } = settings;
    this.#timestamps =
      timestampUrl === undefined
        ? undefined
        : authorityAt(timestampUrl, Math.min(timeoutMs, STAMP_MS_MAX));
    this.#place = {
      http: new HttpClient({
        connections: concurrency,
        timeoutMs,
        bodyBytesMax: LOG_ANSWER_BYTES_MAX,
      }),
      url,
      readUrl: settings.readUrl?.replace(/\/+$/, "") ?? `${url}/api/v2`,
      trust: { attestationKeys: [parts.signingKey.publicKeySpki], trustedRoots: [trustedRoot] },
    };
  }

  async attest(work: TargetWork, signal: AbortSignal): Promise<TargetResult> {
    const stored = work.stored ?? (await this.#sign(work, signal));
    if (stored === undefined) return failed("retry", "find out the version of the API: no answer");
    const submitted = await submitRequest(this.#place, stored.request, signal);
    if (submitted.kind === "failed") return submitted;
    const { entry, answer } = submitted;
    const timestamps = await this.#stamp(stored, signal);
    if (!Array.isArray(timestamps)) return timestamps;
    const bundle = makeBundle({ request: stored.request, entry, timestamps });
    const problem = this.#problemOf(bundle, work.note, stored);
    if (problem === undefined) return { kind: "attested", bundle };
    return { ...failed("invalid-answer", problem), evidence: answer };
  }

  async close(): Promise<void> {
    await Promise.all([this.#place.http.close(), this.#timestamps?.http.close()]);
  }

  /** Over the signature, as a Sigstore bundle has it; none where no authority is named. */
  async #stamp(stored: StoredRequest, signal: AbortSignal): Promise<Uint8Array[] | TargetFailure> {
    if (this.#timestamps === undefined) return [];
    const { signature } = parseRekorRequest(stored.request);
    try {
      return [await fetchTimestamp(signature, this.#timestamps, signal)];
    } catch (cause) {
      if (cause instanceof HttpFailure) return cause.failure;
      throw cause;
    }
  }

  /** Signs once, and has it stored before anything is sent. */
  async #sign(work: TargetWork, signal: AbortSignal): Promise<StoredRequest | undefined> {
    this.#version ??= await findVersion(this.#place, signal);
    if (this.#version === undefined) return undefined;
    const { privateKey, publicKeySpki } = this.#parts.signingKey;
    const { note } = work;
    const signature = signNoteForRekor(note, privateKey);
    const made = makeRekorRequest({ version: this.#version, note, signature, publicKeySpki });
    return await work.saveRequest({ request: made.body, leafHash: made.leafHash });
  }

  /** A stored request may be of an earlier key of ours: the store knows whether that counts. */
  #problemOf(bundle: Uint8Array, note: Uint8Array, stored: StoredRequest): string | undefined {
    const { publicKeySpki } = parseRekorRequest(stored.request);
    const isOurs = Buffer.compare(publicKeySpki, this.#parts.signingKey.publicKeySpki) === 0;
    const trust = isOurs
      ? this.#place.trust
      : { attestationKeys: [publicKeySpki], trustedRoots: [this.#trustedRoot] };
    try {
      verifyAttestation(bundle, note, trust);
      return undefined;
    } catch (cause) {
      const isVerdict = cause instanceof VerificationError || cause instanceof MalformedError;
      if (isVerdict) return `${cause.code}: ${cause.message}`;
      throw cause;
    }
  }
}

function authorityAt(url: string, timeoutMs: number) {
  const http = createHttpTarget({ timeoutMs, answerBytesMax: TIMESTAMP_BYTES_MAX });
  return { url: new URL(url), http };
}

async function readTrustedRoot({ name, trustedRoot }: RekorSettings): Promise<Uint8Array> {
  try {
    const json = new Uint8Array(await readFile(trustedRoot));
    loadTrustedRoot(json);
    return json;
  } catch (cause) {
    const message = `read the trusted root of target ${name} from ${trustedRoot}`;
    throw new AttestorError("TARGET_INVALID", message, { cause });
  }
}
