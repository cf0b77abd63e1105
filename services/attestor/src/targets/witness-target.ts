// A C2SP tlog-witness: it is shown each checkpoint with the proof that it extends the one it saw
// last, and answers with a cosignature, which is verified here before anybody else sees it.
import { createHash } from "node:crypto";
import {
  COSIGNATURE_TYPE,
  concatBytes,
  type NoteVerifier,
  parseNote,
  parseSignatureLine,
  parseVkey,
  text,
  toBase64,
  utf8,
  VerificationError,
  verifyCosignature,
} from "@strongroom/protocol";
import type { Logger } from "@strongroom/runtime";
import { AttestorError } from "../errors.ts";
import {
  createHttpTarget,
  failureOfStatus,
  firstWords,
  type HttpAnswer,
  HttpFailure,
  type HttpTarget,
} from "./http-exchange.ts";
import type {
  AttestationTarget,
  TargetFailure,
  TargetParts,
  TargetResult,
  TargetWork,
} from "./target.ts";
import type { WitnessSettings } from "./target-settings.ts";

interface Witness {
  readonly submitUrl: URL;
  readonly checkpointUrl: URL;
  readonly verifier: NoteVerifier;
  readonly http: HttpTarget;
  readonly logger: Pick<Logger, "warn">;
  /** What it is known to have cosigned last. */
  size: bigint | undefined;
}

const ANSWER_BYTES_MAX = 64 * 1024;
const LINES_MAX = 64;
const contentType = "text/plain; charset=utf-8";
const SIZE_TYPE = "text/x.tlog.size";
const SIZE_LINE = /^(0|[1-9][0-9]{0,18})\n$/;

/** Throws TARGET_INVALID unless `key` is the verifier key of a witness. */
export function createWitnessTarget(
  settings: WitnessSettings,
  parts: Pick<TargetParts, "origin" | "logger">,
): AttestationTarget {
  const prefix = settings.url.endsWith("/") ? settings.url : `${settings.url}/`;
  const originHash = createHash("sha256").update(utf8(parts.origin)).digest("hex");
  const witness: Witness = {
    submitUrl: new URL("add-checkpoint", prefix),
    checkpointUrl: new URL(`${originHash}/checkpoint`, prefix),
    verifier: parseWitnessKey(settings),
    http: createHttpTarget({ timeoutMs: settings.timeoutMs, answerBytesMax: ANSWER_BYTES_MAX }),
    logger: parts.logger,
    size: undefined,
  };
  return {
    name: settings.name,
    kind: "witness",
    attest: (work, signal) => attest(work, witness, signal),
    newestNote: (signal) => newestNote(witness, signal),
    close: () => witness.http.close(),
  };
}

async function attest(
  work: TargetWork,
  witness: Witness,
  signal: AbortSignal,
): Promise<TargetResult> {
  const from = witness.size ?? work.attestedSize;
  // It has seen more than this: asking from nothing makes it say how much.
  const first = await submit(work, from > work.treeSize ? 0n : from, { witness, signal });
  if (first.kind !== "size") return first.result;
  const { size } = first;
  if (size < work.attestedSize) {
    const attestedSize = work.attestedSize;
    witness.logger.warn({ size, attestedSize }, "witness forgot what it had cosigned");
  }
  witness.size = size;
  if (size > work.treeSize) return beyond(size, work);
  const second = await submit(work, size, { witness, signal });
  if (second.kind !== "size") return second.result;
  witness.size = second.size;
  return failed("conflict", `witness has cosigned size ${second.size} meanwhile`);
}

/** Another worker showed it more, or this store is older than what it was shown. */
function beyond(size: bigint, work: TargetWork): TargetFailure {
  const message = `witness has cosigned size ${size}, beyond ${work.treeSize}: if no newer checkpoint is here, this store is behind`;
  return failed("conflict", message);
}

type Submitted =
  | { readonly kind: "size"; readonly size: bigint }
  | { readonly kind: "result"; readonly result: TargetResult };

async function submit(
  work: TargetWork,
  from: bigint,
  { witness, signal }: { witness: Witness; signal: AbortSignal },
): Promise<Submitted> {
  const isGrowth = from > 0n && from < work.treeSize;
  const proof = isGrowth ? await work.consistencyProof(from) : [];
  const body = requestBody(from, proof, work.note);
  try {
    const url = witness.submitUrl;
    const answer = await witness.http.exchange({ method: "POST", url, body, contentType }, signal);
    return readAnswer(answer, work, witness, body);
  } catch (cause) {
    if (cause instanceof HttpFailure) return { kind: "result", result: cause.failure };
    throw cause;
  }
}

function readAnswer(
  answer: HttpAnswer,
  work: TargetWork,
  witness: Witness,
  body: Uint8Array,
): Submitted {
  const { status } = answer;
  if (status === 200) return { kind: "result", result: readCosignature(answer, work, witness) };
  const isSize = status === 409 && answer.headers["content-type"] === SIZE_TYPE;
  const [, digits] = isSize ? (SIZE_LINE.exec(firstText(answer)) ?? []) : [];
  if (digits !== undefined) return { kind: "size", size: BigInt(digits) };
  if (status === 422 || status === 409) {
    // It holds another tree than we do. Request and answer are what there is to look into.
    const message = `witness says that this does not extend what it cosigned: ${firstWords(answer.body)}`;
    const evidence = concatBytes(body, utf8("\n\n"), utf8(`HTTP ${status}\n`), answer.body);
    return { kind: "result", result: { ...failed("invalid-answer", message), evidence } };
  }
  const result = failureOfStatus(answer) ?? failed("permanent", `unexpected status ${status}`);
  return { kind: "result", result };
}

/** Our witness's line must be there and hold; lines of other keys are passed over. */
function readCosignature(answer: HttpAnswer, work: TargetWork, witness: Witness): TargetResult {
  const { verifier } = witness;
  try {
    const lines = text(answer.body).split("\n");
    if (lines.pop() !== "" || lines.length > LINES_MAX) throw new Error("not lines");
    const own = lines
      .map((line) => parseSignatureLine(`${line}\n`))
      .filter(({ name, keyId }) => name === verifier.name && keyId === verifier.keyId);
    const [line] = own;
    if (line === undefined || own.length > 1) throw new Error("not one line of its key");
    const { timeUnixS } = verifyCosignature(parseNote(work.note).text, line.line, verifier);
    if (timeUnixS === 0n) throw new Error("cosignature without a time");
    witness.size = work.treeSize;
    return { kind: "attested", cosignatures: [utf8(line.line)] };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "malformed";
    const message = `cosignature does not hold: ${why}`;
    return { ...failed("invalid-answer", message), evidence: answer.body };
  }
}

/** Undefined where the witness shows nothing: not every one does. Throws if it does not hold. */
async function newestNote(witness: Witness, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const answer = await witness.http.exchange({ method: "GET", url: witness.checkpointUrl }, signal);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) {
    throw new HttpFailure(failureOfStatus(answer) ?? failed("permanent", `${answer.status}`));
  }
  const note = parseNote(answer.body);
  const { name, keyId } = witness.verifier;
  const own = note.signatures.find((line) => line.name === name && line.keyId === keyId);
  if (own === undefined) {
    throw new VerificationError("UNTRUSTED_KEY", "newest checkpoint of the witness lacks its line");
  }
  verifyCosignature(note.text, own.line, witness.verifier);
  return answer.body;
}

function requestBody(from: bigint, proof: readonly Uint8Array[], note: Uint8Array): Uint8Array {
  const lines = [`old ${from}`, ...proof.map(toBase64), ""].map((line) => `${line}\n`);
  return concatBytes(utf8(lines.join("")), note);
}

function parseWitnessKey(settings: WitnessSettings): NoteVerifier {
  try {
    const verifier = parseVkey(settings.key);
    if (verifier.type !== COSIGNATURE_TYPE) throw new Error("not of type 0x04");
    return verifier;
  } catch (cause) {
    const message = `make target ${settings.name}: key is not a witness's verifier key`;
    throw new AttestorError("TARGET_INVALID", message, { cause });
  }
}

function firstText(answer: HttpAnswer): string {
  return new TextDecoder().decode(answer.body.subarray(0, 64));
}

function failed(failure: TargetFailure["failure"], message: string): TargetFailure {
  return { kind: "failed", failure, message };
}
