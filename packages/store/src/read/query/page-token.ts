// Page tokens: opaque, bound to principal and query, to one size and time of the log, and to a
// day. Whatever is odd about one is PAGE_TOKEN_INVALID, without saying what.
import { StoreError } from "../../errors.ts";
import { encodeAad, openBox, sealBox } from "../../keys/box.ts";

const LIFETIME_MS = 24 * 60 * 60 * 1000;
const TOKEN_CHARS_MAX = 4096;
const NUMBERS = 5;

export interface PagePosition {
  /** Size of the log that all pages are of. */
  treeSize: number;
  /** What the current view is as of. */
  asOfSize: number;
  asOfMs: number;
  /** Where the next page goes on. */
  position: number;
}

/** What a token may be used for. */
export interface PageBinding {
  principal: string;
  /** SHA-256 of the query, 32 bytes. */
  queryHash: Uint8Array;
}

export class PageTokens {
  readonly #key: Uint8Array;
  readonly #storeId: string;

  constructor(key: Uint8Array, storeId: string) {
    this.#key = key;
    this.#storeId = storeId;
  }

  seal(page: PagePosition, binding: PageBinding, nowMs: number): string {
    const numbers = [page.treeSize, page.asOfSize, page.asOfMs, page.position, nowMs + LIFETIME_MS];
    const plaintext = new Uint8Array(new Float64Array(numbers).buffer);
    const box = sealBox(this.#key, plaintext, this.#aad(binding));
    return Buffer.from(box).toString("base64url");
  }

  /** Throws PAGE_TOKEN_INVALID. */
  open(token: string, binding: PageBinding, nowMs: number): PagePosition {
    if (token.length > TOKEN_CHARS_MAX || !/^[A-Za-z0-9_-]+$/.test(token)) throw invalid();
    const box = new Uint8Array(Buffer.from(token, "base64url"));
    // The last character has bits to spare: only one spelling is the token that was given out.
    if (Buffer.from(box).toString("base64url") !== token) throw invalid();
    const plaintext = openBox(this.#key, box, this.#aad(binding));
    if (plaintext?.length !== NUMBERS * 8) throw invalid();
    const [treeSize = 0, asOfSize = 0, asOfMs = 0, position = 0, expiryMs = 0] = new Float64Array(
      plaintext.slice().buffer,
    );
    if (expiryMs <= nowMs) throw invalid();
    return { treeSize, asOfSize, asOfMs, position };
  }

  // Principal and query are not in the token but sealed into it.
  #aad(binding: PageBinding): Uint8Array {
    const query = Buffer.from(binding.queryHash).toString("hex");
    return encodeAad(["strongroom/page-token/v1", this.#storeId, binding.principal, query]);
  }
}

function invalid(): StoreError {
  return new StoreError(
    "PAGE_TOKEN_INVALID",
    "use a page token: it is expired, edited, or of another query or principal; start again",
  );
}
