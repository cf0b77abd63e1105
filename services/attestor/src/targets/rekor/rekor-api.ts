// The two versions of Rekor as one thing: a submission ends with an entry, or with a failure. An
// entry that was there already is as good as a new one.
import {
  type AttestationTrust,
  parseLogCheckpoint,
  parseRekorRequest,
  parseRekorV1Answer,
  parseRekorV1Location,
  parseRekorV2Answer,
  type RekorEntry,
  type RekorVersion,
} from "@strongroom/protocol/attestation";
import type { TargetFailure } from "../target.ts";
import { readExistingEntry } from "./existing-entry.ts";
import { failed, failureOfRead, failureOfRequest, failureOfStatus } from "./failure-of.ts";
import { type HttpAnswer, type HttpClient, HttpFailure } from "./http.ts";

export interface RekorPlace {
  readonly http: HttpClient;
  /** Without a slash at its end. */
  readonly url: string;
  /** Version 2: where checkpoint and tiles are. */
  readonly readUrl: string;
  readonly trust: AttestationTrust;
}

/** The log's own bytes are kept: if the entry does not verify they are the evidence. */
export type Submitted =
  | { readonly kind: "entry"; readonly entry: RekorEntry; readonly answer: Uint8Array }
  | TargetFailure;

const paths = { 1: "/api/v1/log/entries", 2: "/api/v2/log/entries" } as const;

export async function submitRequest(
  place: RekorPlace,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Submitted> {
  const { version } = parseRekorRequest(request);
  const url = `${place.url}${paths[version]}`;
  let answer: HttpAnswer;
  try {
    answer = await place.http.request({ method: "POST", url, body: request, signal });
  } catch (cause) {
    if (cause instanceof HttpFailure) return failureOfRequest(cause);
    throw cause;
  }
  if (answer.status === 200 || answer.status === 201) return parseEntry(version, answer.body);
  if (answer.status !== 409) return failureOfStatus(answer);
  return version === 1
    ? await existingV1(place, answer, signal)
    : await existingV2(place, { answer, request }, signal);
}

/** Asks the server which version it speaks; undefined while it cannot be told. */
export async function findVersion(
  { http, url }: RekorPlace,
  signal: AbortSignal,
): Promise<RekorVersion | undefined> {
  const statusOf = async (path: string) =>
    (await http.request({ method: "GET", url: `${url}${path}`, signal })).status;
  try {
    if ((await statusOf("/api/v1/log")) === 200) return 1;
    // The port that writes does not serve it, and says so in its own way.
    const status = await statusOf("/api/v2/checkpoint");
    return status === 200 || status === 501 ? 2 : undefined;
  } catch (cause) {
    if (cause instanceof HttpFailure) return undefined;
    throw cause;
  }
}

async function existingV1(
  place: RekorPlace,
  { headers }: HttpAnswer,
  signal: AbortSignal,
): Promise<Submitted> {
  const { location } = headers;
  if (typeof location !== "string") return failed("server-error", "status 409 without Location");
  let path: string;
  try {
    path = parseRekorV1Location(location);
  } catch {
    return failed("server-error", "status 409 with a Location that names no entry");
  }
  try {
    const answer = await place.http.request({ method: "GET", url: `${place.url}${path}`, signal });
    return answer.status === 200 ? parseEntry(1, answer.body) : failureOfRead("entry", answer);
  } catch (cause) {
    if (cause instanceof HttpFailure) return failureOfRead("entry", cause);
    throw cause;
  }
}

async function existingV2(
  place: RekorPlace,
  { answer, request }: { answer: HttpAnswer; request: Uint8Array },
  signal: AbortSignal,
): Promise<Submitted> {
  const index = answer.headers["x-log-index"];
  if (typeof index !== "string" || !/^\d{1,18}$/.test(index)) {
    return failed("server-error", "status 409 without x-log-index");
  }
  return await readExistingEntry(place, { index: BigInt(index), request }, signal);
}

function parseEntry(version: RekorVersion, answer: Uint8Array): Submitted {
  if (!isJson(answer)) {
    // A proxy's page says nothing about the log; whether the entry is there, nobody knows.
    return failed("unknown-outcome", "the answer is no JSON");
  }
  try {
    const entry = version === 1 ? parseRekorV1Answer(answer) : parseRekorV2Answer(answer);
    parseLogCheckpoint(entry.proof.checkpoint);
    return { kind: "entry", entry, answer };
  } catch (cause) {
    const message = `answer cannot be read: ${(cause as Error).message}`;
    return { ...failed("invalid-answer", message), evidence: answer };
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}
