// Golden vectors of test/vectors, for the tests of this package.
// biome-ignore lint/style/noRestrictedImports: only tests import this file
import { readFileSync } from "node:fs";

export function readVectors<Vectors>(name: string): Vectors {
  const url = new URL(`../../../../test/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Vectors;
}

export interface ValidFactVector {
  name: string;
  bytes: string;
  cid: string;
  fact: Record<string, unknown>;
  max_bytes: number;
  author_public: string;
  author_key_id: string;
  author_signature: string;
}

export interface InvalidVector {
  why: string;
  bytes: string;
}

export interface LogVectors {
  entries: {
    body: string;
    blind: string;
    evidence_public: string;
    evidence_private: string;
    leaf: string;
    leaf_hash: string;
  }[];
  roots: Record<string, string>;
  inclusion: { index: number; size: number; proof: string[] }[];
  consistency: { from: number; to: number; proof: string[] }[];
  tiles: { level: number | "entries"; n: number; width: number; path: string; sha256: string }[];
  tile_paths: { n: number; path: string }[];
}
