// A mutation is a small patch that takes one protection away, and names the test that must notice.
// Its lines before the diff: `Guarantee:`, `Test:` (the file), `Name:` (a part of the test's name,
// as it stands in the file; left out where any test of the file will do), `Cipher:` (the mode to
// run in, where the suite has modes).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/root.ts";

export interface Mutation {
  /** File name without `.patch`. */
  readonly name: string;
  readonly path: string;
  readonly guarantee: string;
  readonly test: string;
  readonly testName: string | undefined;
  readonly cipher: string | undefined;
  /** Files that the patch changes. */
  readonly changes: readonly string[];
}

const folder = join(root, "test/mutations");

export function readMutations(): Mutation[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".patch"))
    .sort()
    .map((file) => readMutation(file));
}

function readMutation(file: string): Mutation {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  const [head = ""] = text.split("\ndiff --git ", 1);
  const header = new Map<string, string>();
  for (const line of head.split("\n")) {
    const [, name, value] = /^(Guarantee|Test|Name|Cipher): (.+)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) header.set(name, value);
  }
  const need = (name: string): string => {
    const value = header.get(name);
    if (value === undefined) throw new Error(`${file}: no line ${name}:`);
    return value;
  };
  return {
    name: file.replace(/\.patch$/, ""),
    path,
    guarantee: need("Guarantee"),
    test: need("Test"),
    testName: header.get("Name"),
    cipher: header.get("Cipher"),
    changes: [...text.matchAll(/^\+\+\+ b\/(.+)$/gm)].map(([, changed = ""]) => changed),
  };
}
