// What the index knows an entry by. A token is a letter for its kind and 48 bits: the head of the
// content id, or of a keyed hash of the term, so that nobody outside can aim collisions at a
// reader. Terms that many entries share carry a second token with the block number, because a
// search below an index is linear from the newest hit:
//   c<cid>  s<scope>*  p<ancestor scope>*  e<entity>  r<relation>*  o<source>*  k<triple>
//   n<kind>* (kinds other than fact)  t<index that a retraction, redaction ends>
//   d<index that an endorsement speaks of>                        (* also with x<block>)
// Every entry on the chain of a scope carries the scope's tokens, whatever its kind.
import { scopeAncestors, sha256, toHex, utf8 } from "@strongroom/protocol";

export const BLOCK_SHIFT = 13;
const TOKEN_BYTES = 6;

export function blockOf(index: number): number {
  return Math.floor(index / 2 ** BLOCK_SHIFT);
}

export function cidToken(cid: Uint8Array): string {
  return `c${toHex(cid.subarray(0, TOKEN_BYTES))}`;
}

export function kindToken(kind: number): string {
  return `n${kind}`;
}

export function targetToken(index: number): string {
  return `t${index}`;
}

export function endorsedToken(index: number): string {
  return `d${index}`;
}

export function inBlock(token: string, block: number): string {
  return `${token}x${block}`;
}

/** Tokens under one index's key. */
export class Terms {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Carried by every entry on the scope's chain, whatever its kind. */
  scope(scope: string): string {
    return this.#token("s", utf8(scope));
  }

  /** Carried by every entry whose scope lies below `ancestor`. */
  scopePrefix(ancestor: string): string {
    return this.#token("p", utf8(ancestor));
  }

  entity(entity: string): string {
    return this.#token("e", utf8(entity));
  }

  relation(relation: string): string {
    return this.#token("r", utf8(relation));
  }

  source(source: string): string {
    return this.#token("o", utf8(source));
  }

  triple(scope: string, entity: string, relation: string): string {
    return this.tripleOfBytes(utf8(scope), utf8(entity), utf8(relation));
  }

  entityOfBytes(entity: Uint8Array): string {
    return this.#token("e", entity);
  }

  tripleOfBytes(scope: Uint8Array, entity: Uint8Array, relation: Uint8Array): string {
    // A scope holds no zero byte and the lengths are part of what is hashed: no two triples alike.
    const joined = new Uint8Array(scope.length + entity.length + relation.length + 3);
    joined.set(scope, 0);
    joined[scope.length + 1] = entity.length >>> 8;
    joined[scope.length + 2] = entity.length;
    joined.set(entity, scope.length + 3);
    joined.set(relation, scope.length + 3 + entity.length);
    return this.#token("k", joined);
  }

  /** Plain and block tokens of a scope and its ancestors. */
  scopeGroup(scope: string, block: number): string {
    const own = this.scope(scope);
    const above = scopeAncestors(scope).map((ancestor) => this.scopePrefix(ancestor));
    const shared = [own, ...above];
    return [...shared, ...shared.map((token) => inBlock(token, block))].join(" ");
  }

  #token(letter: string, term: Uint8Array): string {
    const input = new Uint8Array(this.#key.length + 1 + term.length);
    input.set(this.#key, 0);
    input[this.#key.length] = letter.charCodeAt(0);
    input.set(term, this.#key.length + 1);
    return letter + toHex(sha256(input).subarray(0, TOKEN_BYTES));
  }
}
