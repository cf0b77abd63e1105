// One mutation: apply, build, run the test that it names, take it back. It is killed if that test
// fails; a mutation that does not apply or compile shows nothing, and counts as a failure too.
import type { Mutation } from "./mutation.ts";
import type { Scratch } from "./scratch.ts";

export type Verdict = "killed" | "survived" | "does not apply" | "does not compile";

export interface MutationResult {
  readonly name: string;
  readonly guarantee: string;
  readonly verdict: Verdict;
  /** The tests that failed, or why nothing could be run. */
  readonly details: string;
  readonly ms: number;
}

const DETAILS_CHARS = 1500;

export async function runMutation(mutation: Mutation, scratch: Scratch): Promise<MutationResult> {
  const startedAt = Date.now();
  const done = (verdict: Verdict, details: string): MutationResult => {
    const { name, guarantee } = mutation;
    return { name, guarantee, verdict, details, ms: Date.now() - startedAt };
  };
  const applied = scratch.apply(mutation.path);
  if (applied.code !== 0) return done("does not apply", applied.output);
  try {
    const built = await scratch.build(workspacesOf(mutation));
    if (built.code !== 0) return done("does not compile", built.output.slice(-DETAILS_CHARS));
    const { output } = await scratch.test(mutation.test, mutation.cipher ?? "aegis256");
    const failed = failedTests(output);
    const isNoticed = failed.some((name) => isOf(name, mutation.testName));
    return done(isNoticed ? "killed" : "survived", failed.join("; ").slice(0, DETAILS_CHARS));
  } finally {
    scratch.apply(mutation.path, true);
  }
}

function workspacesOf({ changes }: Mutation): string[] {
  return [...new Set(changes.map((path) => path.split("/", 2).join("/")))];
}

function failedTests(output: string): string[] {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const failures: unknown = JSON.parse(last);
  if (!Array.isArray(failures)) throw new Error(`no result: ${output.slice(-DETAILS_CHARS)}`);
  return failures.map(({ name }: { name: string }) => name);
}

/** A name made of parts, such as `refuses ${why}`, is known by its longest fixed part. */
function isOf(name: string, testName: string | undefined): boolean {
  if (testName === undefined) return true;
  const parts = testName.split(/\$\{[^}]*\}/);
  const longest = parts.reduce((a, b) => (b.length > a.length ? b : a));
  return name.includes(longest.trim());
}
