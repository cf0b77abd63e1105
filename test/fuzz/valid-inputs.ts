// Where valid inputs come from: the golden vectors, what make-seeds.ts wrote, and modules that no
// package exports, as they were built.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../support/root.ts";

export function readVectors<Vectors>(name: string): Vectors {
  return JSON.parse(readFileSync(join(root, `test/vectors/${name}.json`), "utf8")) as Vectors;
}

/** What cannot be made anew each time, because it holds random nonces: see make-seeds.ts. */
export interface MadeSeeds {
  readonly storeId: string;
  /** Hex. */
  readonly key: string;
  readonly keyrings: readonly string[];
  readonly pageTokenKey: string;
  readonly pageTokens: readonly {
    readonly token: string;
    readonly principal: string;
    readonly queryHash: string;
  }[];
}

export function readMadeSeeds(): MadeSeeds {
  return JSON.parse(readFileSync(join(root, "test/fuzz/seeds.json"), "utf8")) as MadeSeeds;
}

export async function built<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(join(root, path)).href)) as Module;
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

export function fromBase64(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
