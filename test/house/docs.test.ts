// What the pages speak of is there: links, files, commands with their flags, decisions in form.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { verbs } from "@strongroom/cli";
import { root } from "../support/root.ts";

const DECISION_LINES_MAX = 12;
const GLOBAL_FLAGS = buildGlobalFlags();
const pages = [
  "README.md",
  "proto/README.md",
  "test/README.md",
  "test/vectors/README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

for (const { path, text } of pages) {
  test(`${path}: its links lead somewhere`, () => {
    for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(existsSync(join(root, dirname(path), target)), `no ${target}`);
    }
  });

  test(`${path}: the files that it names are there`, () => {
    for (const [, name = ""] of text.matchAll(/`([\w./*-]+\.(?:ts|mjs|proto|json|binpb))`/g)) {
      if (!name.includes("/") || name.includes("*")) continue;
      const from = ["", "proto", "packages", "packages/store/src", dirname(path)];
      const isThere = from.some((folder) => existsSync(join(root, folder, name)));
      assert.ok(isThere || name.startsWith("data/"), `no ${name}`);
    }
  });

  test(`${path}: the commands that it shows exist, with these flags`, () => {
    for (const [, line = ""] of text.matchAll(/\bstrongroom ((?:[a-z-]+ ?)+[^`|\n#>;]*)/g)) {
      checkCommand(line);
    }
  });
}

test("every decision has its four parts and at most 12 lines", () => {
  const text = readFileSync(join(root, "docs/design/decisions.md"), "utf8");
  for (const decision of text.split(/^## /m).slice(1)) {
    const title = decision.split("\n", 1)[0] ?? "";
    const words = decision.replace(/\s+/g, " ");
    for (const part of ["Decision", "Why", "Rejected", "Revisit when"]) {
      assert.ok(words.includes(`**${part}**`), `${title}: no ${part}`);
    }
    assert.ok(decision.trimEnd().split("\n").length <= DECISION_LINES_MAX, `${title}: too long`);
  }
});

test("no page names a place of the machine that it was written on", () => {
  for (const { path, text } of pages) {
    const found = /\/(?:work|root|tmp|home)\/\w+/.exec(text);
    assert.equal(found, null, `${relative(root, path)}: ${found?.[0]}`);
  }
});

function checkCommand(line: string): void {
  const words = line.split(/\s+/);
  const verb = verbs.find(({ name }) => name === words[0] || name === words.slice(0, 2).join(" "));
  // Prose such as "strongroom is": only nouns of the command line are held against it.
  const isNoun = verbs.some(({ name }) => name.split(" ")[0] === words[0]);
  if (!isNoun) return;
  assert.ok(verb, `no verb: strongroom ${line}`);
  const flags = (verb.options ?? []).map((option) => flagOf(option.flags));
  for (const [flag] of line.matchAll(/--[a-z-]+/g)) {
    assert.ok(flags.includes(flag) || GLOBAL_FLAGS.has(flag), `no ${flag}: strongroom ${line}`);
  }
}

function flagOf(spec: string): string {
  return /--[a-z-]+/.exec(spec)?.[0] ?? "";
}

function buildGlobalFlags(): Set<string> {
  return new Set(
    "server data token-file log-key policy state config timeout json help"
      .split(" ")
      .map((name) => `--${name}`),
  );
}
