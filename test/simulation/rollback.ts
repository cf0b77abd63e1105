// An attacker puts an older copy back. The journal alone is found at open, by the anchor; the
// whole folder with its anchor opens, and is found when a client shows the note it holds.
import assert from "node:assert/strict";
import { putBack, takeImage } from "./folder-image.ts";
import { InlineHost } from "./inline-host.ts";
import { count, type RunState } from "./prepared-op.ts";
import type { Step } from "./program.ts";
import { errorCode, type StoreHost } from "./store-host.ts";

/** Begins and ends with a closed store, the present one. */
export async function playRollback(
  state: RunState,
  host: StoreHost,
  step: Extract<Step, { step: "rollback" }>,
): Promise<void> {
  if (!(host instanceof InlineHost)) return;
  const { older, plan } = host;
  if (!older || older.size >= state.model.size) return;
  const present = takeImage(plan.folder);
  try {
    if (step.what === "journal") {
      putBack(plan.folder, older.image, ["journal.db", "journal.db-wal"]);
      assert.equal(await outcome(host.open()), "STORE_ROLLED_BACK");
    } else {
      putBack(plan.folder, older.image);
      await showPinnedNote(state, host, step.append);
    }
    count(state, "rollbacks found");
  } finally {
    await host.close().catch(() => undefined);
    putBack(plan.folder, present);
  }
}

async function showPinnedNote(
  state: RunState,
  host: InlineHost,
  appendFirst: boolean,
): Promise<void> {
  const link = await host.open();
  const fact = { scope: "other", entity: "e", relation: "r" };
  const append = () =>
    link.call("append", { ...fact, value: { case: "text", value: `${state.model.size}` } });
  if (appendFirst) await append();
  const { size } = await link.call("head");
  const pinned = Math.max(...state.notes.keys());
  // A note of a size that the older copy had says nothing against it.
  if (pinned <= (host.older?.size ?? 0)) return;
  const code = await outcome(link.call("offerPinnedNote", state.notes.get(pinned) as Uint8Array));
  assert.equal(code, pinned > size ? "ROLLBACK_DETECTED" : "FORK_DETECTED");
  assert.equal(
    await outcome(append()),
    "WRITER_STOPPED",
    "a store that is found out signs nothing",
  );
  await host.close();
  const again = await host.open();
  assert.equal(
    (await again.call("status")).state,
    "standby",
    "and does not when it is opened again",
  );
}

async function outcome(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "done",
    (reason) => errorCode(reason),
  );
}
