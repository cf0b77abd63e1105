// Rebuilding the index of an open store. Commits pause meanwhile: without a whole index nobody can
// tell what is in the log already, nor where a scope's chain ends.
import type { StoreThreads } from "../open/open-store.ts";

const REPORT_MS = 500;

export async function rebuildIndex(
  { committer, indexer }: Pick<StoreThreads, "committer" | "indexer">,
  progress: { done(): number; total(): number },
  options: { onProgress?(done: number, total: number): void },
): Promise<void> {
  const report = setInterval(
    () => options.onProgress?.(progress.done(), progress.total()),
    REPORT_MS,
  );
  try {
    await committer.call("pauseForRebuild", undefined);
    // If it fails, appends stay paused: the next open makes the index whole.
    await indexer.call("rebuild", undefined);
    await committer.call("resumeAfterRebuild", undefined);
    options.onProgress?.(progress.total(), progress.total());
  } finally {
    clearInterval(report);
  }
}
