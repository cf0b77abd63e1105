// The subset of JSON that receipts use: objects, arrays and strings. JSON.parse would silently keep
// the last of two equal keys, so that two readers could see two receipts in one text.
import { MalformedError } from "./errors.ts";

export type StrictJson = string | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

const DEPTH_MAX = 8;
const WHITE_SPACE = " \t\n\r";

/** Throws MALFORMED_RECEIPT on anything else, duplicate keys and trailing data included. */
export function parseStrictJson(json: string): StrictJson {
  const scanner = new Scanner(json);
  const value = scanner.readValue(0);
  scanner.checkEnd();
  return value;
}

class Scanner {
  readonly #json: string;
  #at = 0;

  constructor(json: string) {
    this.#json = json;
  }

  readValue(depth: number): StrictJson {
    if (depth > DEPTH_MAX) throw this.#malformed("nested too deeply");
    const next = this.#peek();
    if (next === "{") return this.#readObject(depth);
    if (next === "[") return this.#readArray(depth);
    if (next === '"') return this.#readString();
    throw this.#malformed("expected an object, an array or a string");
  }

  checkEnd(): void {
    if (this.#peek() !== "") throw this.#malformed("trailing data");
  }

  #readObject(depth: number): ReadonlyMap<string, StrictJson> {
    const members = new Map<string, StrictJson>();
    this.#take("{");
    if (this.#accept("}")) return members;
    do {
      if (this.#peek() !== '"') throw this.#malformed("expected a key");
      const key = this.#readString();
      if (members.has(key)) throw this.#malformed("duplicate key");
      this.#take(":");
      members.set(key, this.readValue(depth + 1));
    } while (this.#accept(","));
    this.#take("}");
    return members;
  }

  #readArray(depth: number): readonly StrictJson[] {
    const items: StrictJson[] = [];
    this.#take("[");
    if (this.#accept("]")) return items;
    do {
      items.push(this.readValue(depth + 1));
    } while (this.#accept(","));
    this.#take("]");
    return items;
  }

  // Finds the closing quote; JSON.parse then judges escapes and control characters.
  #readString(): string {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#json.length && this.#json[end] !== '"') {
      end += this.#json[end] === "\\" ? 2 : 1;
    }
    this.#at = end + 1;
    try {
      return String(JSON.parse(this.#json.slice(start, end + 1)));
    } catch {
      // Not passed on as cause: the message of JSON.parse quotes what it read.
      throw this.#malformed("malformed string");
    }
  }

  #peek(): string {
    while (this.#at < this.#json.length && WHITE_SPACE.includes(this.#json.charAt(this.#at))) {
      this.#at++;
    }
    return this.#json.charAt(this.#at);
  }

  #accept(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #take(character: string): void {
    if (!this.#accept(character)) throw this.#malformed(`expected ${character}`);
  }

  #malformed(why: string): MalformedError {
    return new MalformedError("MALFORMED_RECEIPT", `receipt JSON at ${this.#at}: ${why}`);
  }
}
