import { after, before, test } from "node:test";
import { TamperRun } from "./tamper-run.ts";
import { treeCases } from "./tamper-tree.ts";

const run = new TamperRun();
before(() => run.start());
after(() => run.store.remove());

for (const one of treeCases) test(`${one.part}: ${one.what}`, () => run.check(one));
