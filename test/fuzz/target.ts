// What a fuzz target is: valid inputs, ways to change them, and a check that says what a parser
// made of an input and whether it was right to.

import type * as Protocol from "@strongroom/protocol";
import {
  MalformedError,
  malformedCodes,
  VerificationError,
  verificationCodes,
} from "@strongroom/protocol";
import type { Mutator } from "./mutate/bytes.ts";

/** The package over one crypto backend or the other. */
export type ProtocolPackage = typeof Protocol;

export interface Target {
  readonly name: string;
  /** Valid inputs, each accepted; mutations take parts from all of them. */
  readonly seeds: readonly Uint8Array[];
  readonly mutators: readonly Mutator[];
  /** Codes that a refusal may have; anything else that is thrown is a finding. */
  readonly codes: readonly string[];
  /**
   * Parses one input that came from seed number `origin`. Returns what was accepted, in a word or
   * with details that both backends must agree on; throws the refusal, or a Finding.
   */
  check(input: Uint8Array, context: CheckContext): string | Promise<string>;
  /**
   * The plain JavaScript backend judges one input in so many too; it takes ten times as long for a
   * signature. Absent: the target does no cryptography of ours.
   */
  readonly nobleOnceIn?: number;
  /** Inputs in the run of every change; by default 6,000. */
  readonly inputsInCi?: number;
  /** Frees what the target holds. */
  close?(): Promise<void> | void;
}

export interface CheckContext {
  /** Number of the seed that was mutated. */
  readonly origin: number;
  readonly protocol: ProtocolPackage;
}

/** The parser was wrong: it crashed, or it accepted what it must not. */
export class Finding extends Error {
  override readonly name = "Finding";
}

export function expect(holds: boolean, why: string): asserts holds {
  if (!holds) throw new Finding(why);
}

/** The codes of everything that `protocol` throws. */
export const protocolCodes: readonly string[] = [...malformedCodes, ...verificationCodes];

const TYPED = new Set(["MalformedError", "VerificationError", "StoreError"]);

/** The code of a refusal. Throws a Finding for what is none. */
export function refusalOf(error: unknown, codes: readonly string[]): string {
  if (error instanceof Finding) throw error;
  if (!(error instanceof Error) || !TYPED.has(error.name) || !("code" in error)) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new Finding(`throws what is no typed error: ${what}`);
  }
  const code = String(error.code);
  if (!codes.includes(code)) throw new Finding(`refuses with ${code}: ${error.message}`);
  return code;
}

/** Text of an input: U+E000 stands for half a surrogate pair, which bytes cannot hold. */
export function textOf(input: Uint8Array): string {
  const { buffer, byteOffset, length } = input;
  const text = Buffer.from(buffer, byteOffset, length).toString("utf8");
  return text.includes("\ue000") ? text.replaceAll("\ue000", "\ud800") : text;
}

/** Whether `run` throws one of our own refusals; what else it throws is passed on. */
export function refuses(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (error instanceof MalformedError || error instanceof VerificationError) return true;
    throw error;
  }
}
