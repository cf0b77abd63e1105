// Small facts for tests: number n always gives the same bytes, within one scope of four.
import { encodeFact } from "@strongroom/protocol";

export function madeFact(n: number): Uint8Array {
  return encodeFact({
    scope: `test/s${n % 4}`,
    entity: `thing/${n}`,
    relation: "number",
    value: { case: "integer", value: BigInt(n) },
    source: "test",
  });
}

export function madeFacts(from: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => madeFact(from + i));
}
