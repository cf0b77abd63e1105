// The one table of what a Rekor's refusals mean. Unlisted statuses of the 4xx are for good; 500 may
// be too (version 2 answers it to a signature it cannot check), so that the store bounds those.
import type { FailureClass, TargetFailure } from "../target.ts";
import { type HttpAnswer, HttpFailure, retryAfterMs } from "./http.ts";

const SENTENCE_CHARS_MAX = 300;

const byStatus: Readonly<Record<number, FailureClass>> = {
  405: "frozen",
  408: "retry",
  425: "retry",
  429: "pushback",
  500: "server-error",
  501: "permanent",
  502: "unknown-outcome",
  503: "pushback",
  504: "unknown-outcome",
};

/** For a submission that was answered, but not with an entry. */
export function failureOfStatus(answer: HttpAnswer): TargetFailure {
  const { status } = answer;
  const failure = byStatus[status] ?? (status >= 500 ? "server-error" : "permanent");
  const waitMs = failure === "pushback" ? retryAfterMs(answer.headers) : undefined;
  return {
    kind: "failed",
    failure,
    message: `status ${status}: ${sentenceOf(answer.body)}`,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** For a submission that was not answered. */
export function failureOfRequest(failure: HttpFailure): TargetFailure {
  const isSafe = failure.kind === "never-sent";
  return failed(isSafe ? "retry" : "unknown-outcome", failure.message);
}

/** For a read that a proof needs, after the log said that it holds our entry. */
export function failureOfRead(what: string, cause: HttpFailure | HttpAnswer): TargetFailure {
  const why = cause instanceof HttpFailure ? cause.message : `status ${cause.status}`;
  return failed("retry", `read ${what}: ${why}`);
}

export function failed(failure: FailureClass, message: string): TargetFailure {
  return { kind: "failed", failure, message };
}

/** What a server says, as one printable line. */
function sentenceOf(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 4 * SENTENCE_CHARS_MAX));
  const { message } = parseJson(text) as { message?: unknown };
  const said = typeof message === "string" ? message : text;
  return said
    .replaceAll(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, SENTENCE_CHARS_MAX);
}

function parseJson(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
