// What a case does to a store, in the bench's own process and in others alike.
import { rmSync } from "node:fs";
import { openStore, type Store } from "@strongroom/store";
import { COMMON_SCOPE } from "./facts.ts";

export type Cipher = "aegis256" | "sqlcipher" | "chacha20" | "none";

export const BATCH = 2000;
export const PAGE_SIZE = 20;
export const BENCH_KEY = new Uint8Array(32).fill(7);
const CONTEXT = { principal: "bench", requestId: "bench", peer: "bench" };

export function openBenchStore(
  path: string,
  cipher: Cipher = "aegis256",
  readers = 2,
): Promise<Store> {
  const key = cipher === "none" ? "none://" : BENCH_KEY;
  return openStore({ path, key, cipher, readers });
}

export async function removeStore(store: Store, path: string): Promise<void> {
  await store.close();
  rmSync(path, { recursive: true, force: true });
}

/**
 * Batches of 2,000 with two in flight, as a bulk importer would; `onCommit` gets the milliseconds
 * between the answer to the batch before and the answer to this one.
 */
export async function appendAll(
  store: Store,
  facts: readonly Uint8Array[],
  onCommit?: (ms: number) => void,
): Promise<void> {
  let answeredAt = 0;
  const append = async (batch: readonly Uint8Array[]) => {
    const startedAt = performance.now();
    const { results } = await store.appendBatch(
      batch.map((bytes) => ({ bytes })),
      CONTEXT,
    );
    const now = performance.now();
    onCommit?.(now - Math.max(startedAt, answeredAt));
    answeredAt = now;
    for (const { error } of results) if (error) throw error;
  };
  let flying: Promise<unknown> = Promise.resolve();
  for (let at = 0; at < facts.length; at += BATCH) {
    const next = append(facts.slice(at, at + BATCH));
    // Awaited below, whatever the one before it comes to.
    next.catch(() => undefined);
    await flying;
    flying = next;
  }
  await flying;
}

export async function indexCaughtUp(store: Store): Promise<void> {
  while (store.status().indexLag > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Appends, and waits until the index has all of it. */
export async function appendIndexed(store: Store, facts: readonly Uint8Array[]): Promise<void> {
  await appendAll(store, facts);
  await indexCaughtUp(store);
}

/** A page of 20 of the scope that half of all facts are in. */
export function commonPage(
  store: Store,
  where: { asOfSize?: number; pageToken?: string; pageSize?: number } = {},
) {
  const page = { scope: COMMON_SCOPE, view: "history" as const, pageSize: PAGE_SIZE };
  return store.queryPage({ ...page, ...where });
}
