// Mutations two at a time, each in a scratch copy of its own.
import type { Mutation } from "./mutation.ts";
import { type MutationResult, runMutation } from "./run-mutation.ts";
import { Scratch } from "./scratch.ts";

const AT_ONCE = 2;

export async function runAll(
  mutations: readonly Mutation[],
  onResult: (result: MutationResult, done: number) => void,
): Promise<MutationResult[]> {
  const queue = [...mutations];
  const results: MutationResult[] = [];
  const work = async (): Promise<void> => {
    const scratch = new Scratch();
    try {
      for (let mutation = queue.shift(); mutation; mutation = queue.shift()) {
        const result = await runMutation(mutation, scratch);
        results.push(result);
        onResult(result, results.length);
      }
    } finally {
      scratch.remove();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, mutations.length) }, work));
  return results;
}
