import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { InlineHost, loadInlineStore } from "./inline-host.ts";
import type { Loss } from "./program.ts";
import { errorCode } from "./store-host.ts";

const CONFIG = {
  textSearch: true,
  checkpointEntries: 10,
  checkpointMs: 60_000,
  anchorLagMs: 0,
  readers: 1,
};
const KEY = new Uint8Array(32).fill(3);
const POINTS_MAX = 200;
const WRECK = { torn: 50, walCut: 50, indexCut: 50 };

await loadInlineStore();

/** Kills an open at one crash point after the other, until one comes after its end. */
async function killEach(before: (host: InlineHost) => Promise<void>): Promise<number> {
  const parent = mkdtempSync(join(tmpdir(), "strongroom-killed-"));
  try {
    for (let point = 0; point < POINTS_MAX; point++) {
      const folder = join(parent, String(point));
      const host = new InlineHost({ folder, cipher: "aegis256", key: KEY, config: CONFIG });
      await before(host);
      host.kill(point, WRECK);
      await host.open();
      const isPast = !host.isDead;
      await host.bury();
      const opened = await host.open().then(() => "opened", errorCode);
      assert.equal(opened, "opened", `killed at point ${point}`);
      await host.close();
      await host.end();
      if (isPast) return point;
    }
    return POINTS_MAX;
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

test("a store whose making is cut short anywhere opens the next time", async () => {
  assert.ok((await killEach(async () => undefined)) > 30);
});

for (const lost of ["nothing", "index", "state", "both"] satisfies Loss[]) {
  test(`an open that is cut short anywhere does no harm (${lost} lost)`, async () => {
    const points = await killEach(async (host) => {
      await host.open();
      await host.close();
      host.lose(lost);
    });
    assert.ok(points > 5 && points < POINTS_MAX);
  });
}
