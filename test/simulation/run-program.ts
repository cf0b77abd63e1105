// Runs one program against a store and the model. Throws when the store does or answers what the
// model says cannot be.
import assert from "node:assert/strict";
import { singleLogPolicy, toHex } from "@strongroom/protocol";
import { checkStore } from "../support/check-store.ts";
import { moveClock, START_MS } from "./clock.ts";
import { putBack, takeImage } from "./folder-image.ts";
import { InlineHost } from "./inline-host.ts";
import { LiveWatch } from "./live-watch.ts";
import { LogCopy } from "./log-copy.ts";
import { Model } from "./model.ts";
import { prepareOp } from "./prepare-op.ts";
import { count, type Group, type Outcome, type PreparedOp, type RunState } from "./prepared-op.ts";
import type { Op, Program, Step } from "./program.ts";
import { checkConsistency } from "./proof-ops.ts";
import { playRollback } from "./rollback.ts";
import { errorCode, type StoreHost, type StoreLink } from "./store-host.ts";
import { keepNote, keepReceipt } from "./write-ops.ts";

const OPEN_TRIES = 3;

/** What was checked, by name. */
export async function runProgram(program: Program, host: StoreHost): Promise<Map<string, number>> {
  const run = new ProgramRun(host);
  await run.open();
  for (const step of program.steps) await run.play(step);
  await run.finish();
  return run.state.counts;
}

class ProgramRun {
  readonly state: RunState;
  readonly #host: StoreHost;
  #watch: LiveWatch | undefined;
  /** Where the next live watch goes on, as a client would that lost its connection. */
  #watched = 0;

  constructor(host: StoreHost) {
    this.#host = host;
    this.state = {
      plan: host.plan,
      host,
      log: new LogCopy(),
      model: new Model(),
      baseMs: host.isExact ? START_MS : Date.now(),
      bulks: 0,
      notes: new Map(),
      receipts: [],
      tokens: new Map(),
      revoked: [],
      counts: new Map(),
    } as unknown as RunState;
  }

  async open(): Promise<void> {
    await this.#take(await this.#host.open());
  }

  async play(step: Step): Promise<void> {
    count(this.state, "steps");
    if (this.#host.isExact) moveClock(1);
    switch (step.step) {
      case "together":
        return this.#together(step.ops);
      case "kill":
        return this.#kill(step);
      case "restart":
        return this.#restart(step);
      case "clock":
        if (this.#host.isExact) moveClock(step.byMs);
        return;
      case "rollback":
        await this.#close();
        await playRollback(this.state, this.#host, step);
        return this.open();
    }
  }

  /** All that was ever handed out still holds, and the files do. */
  async finish(): Promise<void> {
    await this.#together([{ op: "checkpoints" }, { op: "verify" }, { op: "status" }]);
    const { state } = this;
    const { size } = state.model;
    for (const from of state.notes.keys()) {
      const { proof } = await state.link.call("consistencyProof", from, size);
      checkConsistency(state, { from, to: size, proof });
    }
    for (const receipt of state.receipts.slice()) {
      keepReceipt(state, receipt, Number(Buffer.from(receipt.leaf).readBigUInt64BE(2)));
    }
    await this.#close();
    const { folder, key } = this.#host.plan;
    const checked = checkStore(folder, typeof key === "string" ? undefined : key);
    assert.equal(checked.size, size, "the files hold the log that was read");
    const cids = state.model.entries.flatMap((one) => (one.kind === "fact" ? [one.cid] : []));
    assert.deepEqual(
      checked.cids.map((cid) => toHex(cid)),
      cids,
    );
  }

  async #together(ops: readonly Op[]): Promise<void> {
    const { started, prepared } = this.#start(ops);
    const outcomes = await Promise.all(started);
    const startSize = this.state.model.size;
    await this.#admitNew();
    const group = this.#group(startSize, ops);
    for (const [i, one] of prepared.entries()) {
      checkOutcome(one, outcomes[i] as Outcome<never>, group, ops[i]);
    }
    this.state.model.settle();
  }

  #start(ops: readonly Op[]): { started: Promise<Outcome<unknown>>[]; prepared: PreparedOp[] } {
    const prepared = ops.map((op) => prepareOp(this.state, op));
    for (const one of prepared) this.state.model.ask(one.asked);
    count(this.state, "operations", ops.length);
    return { prepared, started: prepared.map((one) => settled(one.start())) };
  }

  /** Kills the store while the operations run; what was answered before must hold after. */
  async #kill(step: Extract<Step, { step: "kill" }>): Promise<void> {
    const host = this.#host;
    const startSize = this.state.model.size;
    host.kill(step.after, step.wreck);
    const { started, prepared } = this.#start(step.ops);
    const outcomes: (Outcome<unknown> | undefined)[] = started.map(() => undefined);
    const ended = started.map(async (one, i) => {
      const outcome = await one;
      if (!host.isDead) outcomes[i] = outcome;
    });
    if (step.closing) ended.push(this.#closeUnwatched());
    await Promise.all(ended);
    await this.#watch?.abandon();
    await host.bury();
    count(this.state, "kills");
    await this.#reopen();
    const group = this.#group(startSize, step.ops);
    prepared.forEach((one, i) => {
      this.state.model.checkWhole(one.asked, startSize);
      const outcome = outcomes[i];
      // The kill may have come between two calls of one operation.
      if (outcome && !step.closing)
        checkOutcome(one, outcome as Outcome<never>, group, step.ops[i]);
    });
    this.state.model.settle();
  }

  async #closeUnwatched(): Promise<void> {
    await this.#host.close().catch((reason) => {
      if (!this.#host.isDead) throw reason;
    });
  }

  async #restart(step: Extract<Step, { step: "restart" }>): Promise<void> {
    await this.#close();
    const { lose } = step;
    if (lose === "anchor") await this.#tryWithoutAnchor();
    else this.#host.lose(lose);
    if (step.killAfter > 0) {
      this.#host.kill(step.killAfter, step.wreck);
      await this.#host.open().catch((reason) => {
        if (!this.#host.isDead) throw reason;
      });
      await this.#host.bury();
      count(this.state, "kills");
    }
    await this.#reopen();
    count(this.state, "restarts");
  }

  /** A store with a history and no anchor must not open, and must once it is back. */
  async #tryWithoutAnchor(): Promise<void> {
    const kept = takeImage(this.#host.plan.folder);
    this.#host.lose("anchor");
    const code = await this.#host.open().then(
      () => "opened",
      (reason) => errorCode(reason),
    );
    assert.equal(code, "ANCHOR_MISSING");
    putBack(this.#host.plan.folder, kept, ["head.anchor"]);
  }

  /** After a kill the lock of a dead process may take a moment to go. */
  async #reopen(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#take(await this.#host.open());
      } catch (reason) {
        if (errorCode(reason) !== "STORE_LOCKED" || tries === OPEN_TRIES) throw reason;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Takes up a store that was opened: it must be the one that was known. */
  async #take(link: StoreLink): Promise<void> {
    const { state } = this;
    const isFirst = state.policy === undefined;
    if (!isFirst) assert.equal(link.logVkey, state.link.logVkey, "the log's key stays");
    state.link = link;
    state.policy = singleLogPolicy(link.logVkey);
    await state.log.compare(link);
    await this.#admitNew();
    keepNote(state, (await link.call("head")).note);
    for (const token of state.tokens.values()) {
      const principal = await link.call("authenticate", token);
      assert.equal(principal?.name, "operator", "a token stays good");
    }
    for (const token of state.revoked) {
      assert.equal(await link.call("authenticate", token), undefined, "a revoked token is not");
    }
    this.#watch = new LiveWatch(state, link, this.#watched);
  }

  async #close(): Promise<void> {
    if (this.#watch) this.#watched = await this.#watch.end(this.state.model.size);
    this.#watch = undefined;
    await this.#host.close();
    if (this.#host instanceof InlineHost) this.#host.keepOlder(this.state.model.size);
  }

  async #admitNew(): Promise<void> {
    const { log, link, model } = this.state;
    for (const entry of await log.readOn(link)) model.admit(entry);
  }

  #group(startSize: number, ops: readonly Op[]): Group {
    const isRebuilding = ops.some((op) => op.op === "reindex");
    return { startSize, endSize: this.state.model.size, isRebuilding };
  }
}

function settled(answer: Promise<unknown>): Promise<Outcome<unknown>> {
  return answer.then(
    (value) => ({ value }),
    (reason) => ({ error: errorCode(reason) }),
  );
}

function checkOutcome(
  prepared: PreparedOp,
  outcome: Outcome<never>,
  group: Group,
  op: Op | undefined,
): void {
  try {
    prepared.check(outcome, group);
  } catch (reason) {
    if (reason instanceof Error) reason.message = `${JSON.stringify(op)}: ${reason.message}`;
    throw reason;
  }
}
