import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFact } from "@strongroom/protocol";
import { tempStore } from "../testing/temp-store.ts";
import { BATCH_BYTES_MAX, BATCH_FACTS_MAX } from "./appender.ts";

const fact = (n: number, length: number) =>
  encodeFact({
    scope: "test/a",
    entity: `e/${n}`,
    relation: "is",
    value: { case: "text", value: "x".repeat(length) },
  });

test("refuses an empty batch, one of too many facts and one above 4 MiB, and takes none of it", async (t) => {
  const store = await tempStore(t).open();
  const { size } = store.head();
  const many = Array.from({ length: BATCH_FACTS_MAX + 1 }, (_, n) => ({ bytes: fact(n, 1) }));
  const large = Array.from({ length: 70 }, (_, n) => ({ bytes: fact(n, 60_000) }));
  assert.ok(large.reduce((sum, { bytes }) => sum + bytes.length, 0) > BATCH_BYTES_MAX);
  await assert.rejects(store.appendBatch([]), { code: "INVALID_ARGUMENT" });
  await assert.rejects(store.appendBatch(many), { code: "LIMIT_EXCEEDED" });
  await assert.rejects(store.appendBatch(large), { code: "LIMIT_EXCEEDED" });
  assert.equal(store.head().size, size);
  const { results } = await store.appendBatch(large.slice(0, 68));
  assert.ok(results.every((result) => result.error === undefined));
});
