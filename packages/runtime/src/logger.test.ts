import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let output = "";
  const destination = {
    write: (line: string) => {
      output += line;
    },
  };
  write(createLogger({ name: "test", destination }));
  return output;
}

test("writes one JSON line with a time, a level and the process", () => {
  const record = JSON.parse(logged((logger) => logger.info({ size: 7n }, "open store")));
  assert.equal(record.level, "info");
  assert.equal(record.name, "test");
  assert.equal(record.msg, "open store");
  assert.equal(record.size, "7");
  assert.ok(!Number.isNaN(Date.parse(record.time)));
});

test("removes tokens, keys, bodies and bytes wherever they stand", () => {
  const output = logged((logger) => {
    logger.info({ token: "hush1", nested: { authorization: "hush2", deep: [{ seed: "hush3" }] } });
    logger.info({ fact: "hush4", dataKey: "hush5", raw: new TextEncoder().encode("hush6") });
    logger.error({ err: new Error("call failed: Bearer hush7", { cause: { secret: "hush8" } }) });
    logger.warn("sent authorization Bearer hush9 to the peer");
    logger.error(new Error("token=Bearer hush11"));
    logger.child({ token: "hush12" }).info("as a child");
    logger.warn("secret whsec_hush10== given");
  });
  assert.doesNotMatch(output, /hush/);
  assert.match(output, /\(removed\)/);
  assert.match(output, /\(5 bytes\)/);
});
