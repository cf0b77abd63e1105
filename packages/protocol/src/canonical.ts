// The canonical rule of formats.md §1 for any message, by decoding and encoding again: unknown
// fields, duplicates, written defaults, padded varints, other orders and bad UTF-8 all come back
// as other bytes. Slower than a scanner by hand, so facts and public evidence have their own.
import {
  create,
  type DescMessage,
  fromBinary,
  isMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { equalBytes } from "./bytes.ts";
import { type MalformedCode, MalformedError } from "./errors.ts";
import { TIMESTAMP_SECONDS_MAX, TIMESTAMP_SECONDS_MIN } from "./timestamp.ts";

/** Decodes a message whose bytes are canonical. Throws MalformedError with the given code. */
export function parseCanonical<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  code: MalformedCode,
): MessageShape<Desc> {
  const message = decode(schema, bytes, code);
  checkValues(message, code);
  if (!equalBytes(encode(schema, message, code), bytes)) {
    throw new MalformedError(code, `${schema.name} is not in its canonical encoding`);
  }
  return message;
}

/** The same, without the message. */
export function checkCanonical(
  schema: DescMessage,
  bytes: Uint8Array,
  code: MalformedCode = "MALFORMED_BODY",
): void {
  parseCanonical(schema, bytes, code);
}

/** Canonical bytes of a message. Throws MalformedError with the given code if it has none. */
export function encodeCanonical<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
  code: MalformedCode,
): Uint8Array {
  const message = create(schema, init);
  checkValues(message, code);
  return encode(schema, message, code);
}

function decode<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array, code: MalformedCode) {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new MalformedError(code, `${schema.name} cannot be decoded`, { cause });
  }
}

function encode<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  code: MalformedCode,
): Uint8Array {
  try {
    return toBinary(schema, message, { writeUnknownFields: false });
  } catch (cause) {
    throw new MalformedError(code, `${schema.name} cannot be encoded`, { cause });
  }
}

// What an encoder writes without complaint and the rule refuses all the same.
function checkValues(value: unknown, code: MalformedCode): void {
  if (typeof value === "number") {
    if (!Number.isFinite(value) || Object.is(value, -0)) {
      throw new MalformedError(code, "message has a number that is not finite, or -0.0");
    }
  } else if (typeof value === "string") {
    // Half a surrogate pair would be written as U+FFFD: another content than was given.
    if (/\p{Surrogate}/u.test(value)) {
      throw new MalformedError(code, "message has text with a lone surrogate");
    }
  } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    if (isMessage(value, TimestampSchema)) checkTimestamp(value, code);
    for (const member of Object.values(value as Message)) checkValues(member, code);
  }
}

function checkTimestamp({ seconds, nanos }: Timestamp, code: MalformedCode): void {
  const isLegal =
    seconds >= TIMESTAMP_SECONDS_MIN &&
    seconds <= TIMESTAMP_SECONDS_MAX &&
    nanos >= 0 &&
    nanos <= 999_999_999;
  if (!isLegal) throw new MalformedError(code, "timestamp is outside years 0001 to 9999");
}
