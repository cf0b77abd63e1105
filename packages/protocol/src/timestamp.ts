// google.protobuf.Timestamp under the canonical rule, and within years 0001–9999.
import type { WireReader } from "./wire.ts";

export const TIMESTAMP_SECONDS_MIN = -62135596800;
export const TIMESTAMP_SECONDS_MAX = 253402300799;

const SECONDS = 8;
const NANOS = 16;

/**
 * Checks a Timestamp that ends at `end`, and passes over it. Returns its Unix time in milliseconds,
 * rounded up, so that a whole millisecond t is at or after it exactly if t ≥ the result.
 */
export function scanTimestamp(reader: WireReader, end: number): number {
  let seconds = 0;
  let nanos = 0;
  if (reader.at < end && reader.bytes[reader.at] === SECONDS) {
    reader.at++;
    seconds = reader.int64(end);
    if (seconds === 0) reader.fail("has a default written in a timestamp");
    // Also refuses NaN, which stands for what lies beyond ±2^53.
    if (!(seconds >= TIMESTAMP_SECONDS_MIN && seconds <= TIMESTAMP_SECONDS_MAX)) {
      reader.fail("has a timestamp outside years 0001 to 9999");
    }
  }
  if (reader.at < end && reader.bytes[reader.at] === NANOS) {
    reader.at++;
    nanos = reader.int64(end);
    if (!(nanos >= 1 && nanos <= 999_999_999)) reader.fail("has bad nanos in a timestamp");
  }
  if (reader.at !== end) reader.fail("has an unknown or repeated field in a timestamp");
  return seconds * 1000 + Math.ceil(nanos / 1_000_000);
}
