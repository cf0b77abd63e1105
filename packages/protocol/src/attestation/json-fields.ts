// Reads members of parsed JSON one by one, each of the type it must have.
import { fromBase64, fromHex } from "../bytes.ts";
import { parseDecimal } from "../checkpoint.ts";
import { type MalformedCode, MalformedError } from "../errors.ts";

/** Of an object; throws `code` for anything else. */
export class JsonFields {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #code: MalformedCode;
  readonly #what: string;

  constructor(value: unknown, what: string, code: MalformedCode) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new MalformedError(code, `${what} is not an object`);
    }
    this.#members = value as Record<string, unknown>;
    this.#code = code;
    this.#what = what;
  }

  names(): string[] {
    return Object.keys(this.#members);
  }

  /** Null is absent, as in the JSON form of protobuf. */
  has(name: string): boolean {
    return Object.hasOwn(this.#members, name) && this.#members[name] !== null;
  }

  object(name: string): JsonFields {
    return new JsonFields(this.#get(name), `${this.#what}.${name}`, this.#code);
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value !== "string") throw this.#malformed(name, "is not a string");
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.has(name) ? this.#get(name) : [];
    if (!Array.isArray(value)) throw this.#malformed(name, "is not an array");
    return value;
  }

  base64(name: string): Uint8Array {
    return fromBase64(this.text(name), this.#code);
  }

  hex(name: string): Uint8Array {
    return fromHex(this.text(name), this.#code);
  }

  /** A number or a decimal string, 0 to 2^63 − 1; absent is 0. */
  count(name: string): bigint {
    const value = this.has(name) ? this.#get(name) : 0;
    const isExact = typeof value === "number" && Number.isSafeInteger(value);
    const digits = isExact ? String(value) : value;
    const count = typeof digits === "string" ? parseDecimal(digits) : undefined;
    if (count === undefined) throw this.#malformed(name, "is not a number below 2^63");
    return count;
  }

  #get(name: string): unknown {
    return this.has(name) ? this.#members[name] : undefined;
  }

  #malformed(name: string, why: string): MalformedError {
    return new MalformedError(this.#code, `${this.#what}.${name} ${why}`);
  }
}
