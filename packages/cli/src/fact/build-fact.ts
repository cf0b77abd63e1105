// Flags of `fact append` → the fields of a fact. What a value may be is said by the fact's own
// encoder; here only text becomes typed values.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { NullValue } from "@bufbuild/protobuf/wkt";
import { type FactSchema, InterpretAs } from "@strongroom/proto/strongroom/fact/v1/fact";
import { fromBase64, parseCid } from "@strongroom/protocol";
import { CliError } from "../errors.ts";
import { parseTime } from "../parse-flag.ts";

export type FactInit = MessageInitShape<typeof FactSchema>;
type FactValue = NonNullable<FactInit["value"]>;

export interface FactFlags {
  readonly scope: string;
  readonly entity: string;
  readonly relation: string;
  readonly text?: string;
  readonly string?: string;
  readonly integer?: string;
  readonly number?: string;
  readonly boolean?: string;
  readonly datetime?: string;
  readonly ref?: string;
  readonly bytes?: string;
  readonly null?: boolean;
  readonly source?: string;
  readonly confidence?: string;
  readonly assertedAt?: string;
  readonly validUntil?: string;
  readonly derivedFrom?: readonly string[];
  readonly interpretAs?: string;
  readonly observedBy?: string;
}

export function buildFact(flags: FactFlags): FactInit {
  const { scope, entity, relation, source = "", observedBy = "" } = flags;
  return {
    scope,
    entity,
    relation,
    value: buildValue(flags),
    source,
    observedBy,
    derivedFrom: (flags.derivedFrom ?? []).map((cid) => parseCid(cid)),
    ...(flags.confidence === undefined
      ? {}
      : { confidence: parseNumber("--confidence", flags.confidence) }),
    ...(flags.assertedAt === undefined
      ? {}
      : { assertedAt: parseTime("--asserted-at", flags.assertedAt) }),
    ...(flags.validUntil === undefined
      ? {}
      : { validUntil: parseTime("--valid-until", flags.validUntil) }),
    ...(flags.interpretAs === "instruction" ? { interpretAs: InterpretAs.INSTRUCTION } : {}),
  };
}

const arms = {
  text: (text: string) => ({ case: "text", value: text }),
  string: (text: string) => ({ case: "string", value: text }),
  integer: (text: string) => ({ case: "integer", value: parseInteger(text) }),
  number: (text: string) => ({ case: "number", value: parseNumber("--number", text) }),
  boolean: (text: string) => ({ case: "boolean", value: text === "true" }),
  datetime: (text: string) => ({ case: "datetime", value: parseTime("--datetime", text) }),
  ref: (text: string) => ({ case: "ref", value: text }),
  bytes: (text: string) => ({ case: "bytes", value: fromBase64(text) }),
  null: () => ({ case: "null", value: NullValue.NULL_VALUE }),
} as const satisfies Record<string, (text: string) => FactValue>;

const armNames = Object.keys(arms) as (keyof typeof arms)[];

function buildValue(flags: FactFlags): FactValue {
  const given = armNames.filter((name) => flags[name] !== undefined);
  const [name] = given;
  if (name === undefined || given.length > 1) {
    const all = armNames.map((arm) => `--${arm}`).join(" ");
    throw new CliError("USAGE", `give exactly one value: one of ${all}`);
  }
  return arms[name](String(flags[name]));
}

function parseInteger(text: string): bigint {
  const value = /^-?[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new CliError("USAGE", "--integer takes a whole number of 64 bits");
  }
  return value;
}

function parseNumber(flag: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new CliError("USAGE", `${flag} takes a finite number`);
  return value;
}
