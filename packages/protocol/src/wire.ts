// Reads protobuf wire format under the canonical rule: minimal varints, no length past the end,
// strict UTF-8. Hand-written and free of allocation because every fact and every evidence part
// of a store passes through here, on append and again on verify.
import { type MalformedCode, MalformedError } from "./errors.ts";

export class WireReader {
  readonly bytes: Uint8Array;
  readonly code: MalformedCode;
  at = 0;

  /** `code` is what a refusal carries. */
  constructor(bytes: Uint8Array, code: MalformedCode) {
    this.bytes = bytes;
    this.code = code;
  }

  /** Field number and wire type together, as on the wire; at most two bytes are ever legal here. */
  tag(end: number): number {
    const first = this.byte(end);
    if (first < 0x80) return first;
    const second = this.byte(end);
    if (second === 0 || second >= 0x80) this.fail("has an unknown field or a padded tag");
    return (second << 7) | (first & 0x7f);
  }

  /** Reads a length and checks that so many bytes follow. Returns where they end. */
  lengthDelimitedEnd(end: number): number {
    let length = this.byte(end);
    if (length >= 0x80) length = this.longLength(length & 0x7f, end);
    const valueEnd = this.at + length;
    if (valueEnd > end) this.fail("is cut short");
    return valueEnd;
  }

  /** Checks a minimal varint of at most 64 bits and passes over it. */
  skipVarint64(end: number): void {
    for (let count = 1; ; count++) {
      const byte = this.byte(end);
      if (byte >= 0x80) {
        if (count === 10) this.fail("has a varint above 64 bits");
        continue;
      }
      if (byte === 0 && count > 1) this.fail("has a padded varint");
      if (count === 10 && byte > 1) this.fail("has a varint above 64 bits");
      return;
    }
  }

  /** Reads a varint as an int64, exact within ±2^53; what lies beyond comes back as NaN. */
  int64(end: number): number {
    const start = this.at;
    this.skipVarint64(end);
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let i = start, shift = 0; i < this.at; i++, shift++) {
      const seven = (this.bytes[i] ?? 0) & 0x7f;
      if (shift < 4) low |= seven << (7 * shift);
      else if (shift < 8) middle |= seven << (7 * (shift - 4));
      else high |= seven << (7 * (shift - 8));
    }
    // Three limbs of 28, 28 and 8 bits.
    if (high === 0 && middle < 0x2000000) return middle * 0x10000000 + low;
    if (high === 0xff && middle >= 0xe000000) return (middle - 0x10000000) * 0x10000000 + low;
    return Number.NaN;
  }

  /** Passes over a double, which must be finite and not −0.0. Returns where it began. */
  finiteDouble(end: number): number {
    const start = this.at;
    if (start + 8 > end) this.fail("is cut short");
    this.at = start + 8;
    const { bytes } = this;
    const high = bytes[start + 7] ?? 0;
    const next = bytes[start + 6] ?? 0;
    if ((high & 0x7f) === 0x7f && next >= 0xf0) this.fail("has a number that is not finite");
    if (high === 0x80 && next === 0 && this.areZero(start, start + 6)) this.fail("has -0.0");
    return start;
  }

  areZero(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (this.bytes[i] !== 0) return false;
    return true;
  }

  /** Checks that bytes from the position to `end` are UTF-8, and passes over them. */
  utf8(end: number): void {
    const { bytes } = this;
    let i = this.at;
    while (i < end) {
      const lead = bytes[i] ?? 0;
      if (lead < 0x80) {
        i++;
        continue;
      }
      const length = utf8SequenceLength(bytes, i, end);
      if (length === 0) this.fail("has text that is not UTF-8");
      i += length;
    }
    this.at = end;
  }

  /** One byte, which has to come before `end`. */
  byte(end: number): number {
    if (this.at >= end) this.fail("is cut short");
    return this.bytes[this.at++] ?? 0;
  }

  fail(why: string): never {
    throw new MalformedError(this.code, `encoding ${why}`);
  }

  private longLength(low: number, end: number): number {
    let length = low;
    for (let unit = 0x80; ; unit *= 0x80) {
      const byte = this.byte(end);
      // Nothing here is as long as 2^28; more digits would be padding or past the end anyway.
      if (unit > 0x200000) this.fail("has a length past the end");
      length += (byte & 0x7f) * unit;
      if (byte >= 0x80) continue;
      if (byte === 0) this.fail("has a padded length");
      return length;
    }
  }
}

// Length of the well-formed sequence that begins at `at` with a byte ≥ 0x80; 0 if there is none
// (lone continuation, overlong form, surrogate, above U+10FFFF, cut). Unicode table 3-7.
function utf8SequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = at + 2; i < at + length; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
