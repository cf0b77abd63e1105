// The fuzzer itself can fail: parsers with a planted fault each, which it has to find.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedError, utf8 } from "@strongroom/protocol";
import { byteMutators } from "./mutate/bytes.ts";
import { loadProtocols } from "./protocols.ts";
import { TargetRun } from "./run-target.ts";
import { fuzz } from "./supervise.ts";
import { expect, type Target } from "./target.ts";

const protocols = await loadProtocols();
const VALID = "planted: a parser of text";

/** A parser that takes what begins with "planted", and does something else where it is told. */
function planted(fault: Partial<Target>): Target {
  return {
    name: "planted",
    seeds: [utf8(VALID)],
    mutators: byteMutators,
    codes: ["MALFORMED_FACT"],
    check: parse,
    ...fault,
  };
}

function parse(input: Uint8Array): string {
  const text = Buffer.from(input).toString("latin1");
  if (!text.startsWith("planted")) throw new MalformedError("MALFORMED_FACT", "not planted");
  return "accepted";
}

async function failuresOf(target: Target, inputs = 4000) {
  const run = new TargetRun(target, protocols);
  const { failures } = await run.run({ seed: 1, from: 0, inputs }, () => {});
  return failures;
}

test("a parser without a fault has no failure", async () => {
  assert.deepEqual(await failuresOf(planted({})), []);
});

test("an error that is not typed is found, with the least input that shows it", async () => {
  const [failure] = await failuresOf(
    planted({
      check: (input) => {
        if (input.includes(0xff)) throw new RangeError("offset is out of bounds");
        return parse(input);
      },
    }),
  );
  assert.match(failure?.why ?? "", /no typed error: RangeError/);
  assert.equal(Buffer.from(failure?.hex ?? "", "hex").includes(0xff), true);
  assert.ok((failure?.hex.length ?? 0) <= 2 * VALID.length, failure?.hex);
});

test("a code that the parser does not promise is found", async () => {
  const target = planted({ codes: ["MALFORMED_NOTE"] });
  assert.match((await failuresOf(target))[0]?.why ?? "", /refuses with MALFORMED_FACT/);
});

test("an accepted forgery is found, and the same numbers make it again", async () => {
  const target = planted({
    check: (input) => {
      const verdict = parse(input);
      expect(Buffer.from(input).toString("latin1") === VALID, "accepts another text");
      return verdict;
    },
  });
  const [failure] = await failuresOf(target);
  assert.equal(failure?.why, "accepts another text");
  const again = new TargetRun(target, protocols);
  const options = { seed: 1, from: failure.input, inputs: 1 };
  assert.deepEqual((await again.run(options, () => {})).failures, [failure]);
});

test("a refused valid input is found before anything is mutated", async () => {
  const [failure] = await failuresOf(planted({ seeds: [utf8("else")] }), 0);
  assert.match(failure?.why ?? "", /refuses a valid input: MALFORMED_FACT/);
});

test("two backends that disagree are found", async () => {
  const target = planted({
    nobleOnceIn: 1,
    check: (input, { protocol }) => {
      const isOdd = input.length % 2 === 1 && protocol === protocols.noble;
      return isOdd ? "accepted by one" : parse(input);
    },
  });
  assert.match((await failuresOf(target))[0]?.why ?? "", /^backends differ/);
});

test("what an asynchronous parser rejects with is judged alike", async () => {
  const target = planted({
    check: async (input) => {
      if (input.length > VALID.length) throw new TypeError("later");
      return parse(input);
    },
  });
  assert.match((await failuresOf(target))[0]?.why ?? "", /no typed error: TypeError/);
});

test("an input that never comes back is ended and named", async () => {
  const names = ["planted-hang", "leaf"];
  const results = await fuzz({ names, seed: 1, from: 100, inputs: 10, stallMs: 2000 });
  assert.equal(results.length, 1, "a thread that was ended has no more results");
  const [failure] = results[0]?.failures ?? [];
  assert.match(failure?.why ?? "", /^hangs/);
  assert.deepEqual([failure?.target, failure?.input], ["planted-hang", 105]);
});

test("a parser that takes all memory is ended and named", async () => {
  const results = await fuzz({ names: ["planted-growth"], seed: 1, from: 0, inputs: 10 });
  const [failure] = results[0]?.failures ?? [];
  assert.match(failure?.why ?? "", /thread died: .*memory/i);
  assert.deepEqual([failure?.target, failure?.input], ["planted-growth", 5]);
});
