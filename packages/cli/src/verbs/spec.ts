// What the command line knows of a verb before its module is loaded.
import type { Verb } from "../context.ts";

export interface OptionSpec {
  /** As commander takes it: "--scope <scope>". */
  readonly flags: string;
  readonly text: string;
  readonly required?: boolean;
  /** May be given several times. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
  readonly fallback?: string;
  readonly env?: string;
}

export interface VerbSpec {
  /** Noun and verb, or the verb alone. */
  readonly name: string;
  readonly text: string;
  /** As commander takes it: "<cid>", "[file]". */
  readonly args?: readonly (readonly [string, string])[];
  readonly options?: readonly OptionSpec[];
  readonly load: () => Promise<Verb<never>>;
}
