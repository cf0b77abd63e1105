import { after, before, test } from "node:test";
import { entryCases } from "./tamper-entries.ts";
import { TamperRun } from "./tamper-run.ts";

const run = new TamperRun();
before(() => run.start());
after(() => run.store.remove());

for (const one of entryCases) test(`${one.part}: ${one.what}`, () => run.check(one));
