// A fact in --json (proto JSON names, content ids as text, 64-bit numbers as strings) and in tables.
import { toJson } from "@bufbuild/protobuf";
import type { ReadFact } from "@strongroom/client";
import { type Fact, FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import { formatCid, toBase64 } from "@strongroom/protocol";

export function factJson(read: ReadFact): Record<string, unknown> {
  return {
    ...(read.fact === undefined ? {} : { fact: toJson(FactSchema, read.fact) }),
    cid: formatCid(read.cid),
    index: String(read.index),
    appendedAt: new Date(read.appendedAtMs).toISOString(),
    state: read.state,
    ...(read.endedByIndex === undefined ? {} : { endedByIndex: String(read.endedByIndex) }),
    ...(read.authors.length === 0 ? {} : { authors: read.authors.map((key) => toBase64(key)) }),
    verified: read.verified,
  };
}

export const factHeading = [
  "INDEX",
  "SCOPE",
  "ENTITY",
  "RELATION",
  "VALUE",
  "STATE",
  "CID",
] as const;

export function factRow(read: ReadFact): string[] {
  const { fact } = read;
  return [
    String(read.index),
    fact?.scope ?? "",
    cut(fact?.entity ?? "", 40),
    cut(fact?.relation ?? "", 30),
    fact === undefined ? "" : cut(valueText(fact), 40),
    read.state,
    formatCid(read.cid),
  ];
}

/** The value as people read it. */
export function valueText({ value }: Fact): string {
  if (value.case === undefined || value.case === "null") return "null";
  if (value.case === "bytes") return toBase64(value.value);
  if (value.case === "datetime") {
    return new Date(Number(value.value.seconds) * 1000).toISOString();
  }
  return String(value.value);
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}
