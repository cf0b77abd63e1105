import { after, before, test } from "node:test";
import { TamperRun } from "./tamper-run.ts";
import { sideCases } from "./tamper-sides.ts";

const run = new TamperRun();
before(() => run.start());
after(() => run.store.remove());

for (const one of sideCases) test(`${one.part}: ${one.what}`, () => run.check(one));
