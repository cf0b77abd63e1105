// What this client believes about the log. The key comes from a policy or, once, from the first
// connection; afterwards every note must be signed by it and extend the pinned one. A note that
// is behind or beside the pinned one is a verdict: both notes are kept as evidence and the client
// refuses to work until a policy file (never the server) names a new key and the resumed size.
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import type { Receipt } from "@strongroom/proto/strongroom/receipt/v1/receipt";
import {
  type Checkpoint,
  equalBytes,
  type ProvenReceipt,
  parseCheckpoint,
  parseNote,
  parsePolicy,
  VerificationError,
  verifyCheckpoint,
  verifyConsistency,
  verifyReceipt,
} from "@strongroom/protocol";
import type { Channel } from "./channel.ts";
import { ClientError, toAnswerError, toClientError } from "./errors.ts";
import { readState, type TrustState, type VerdictCode, writeState } from "./state-file.ts";
import { describeFinding, type Finding, writeEvidence } from "./trust-evidence.ts";
import { policyOfKeys, verifiersOf } from "./trust-keys.ts";
import { decideState, standing, type TrustOptions } from "./trust-state.ts";
import { bySize, isSameTree, type Seen, Sequence, UnsettledNotes } from "./unsettled-notes.ts";

const verdictCodes = ["ROLLBACK_DETECTED", "FORK_DETECTED"] as const satisfies VerdictCode[];
const SETTLE_EVERY_MS = 30_000;

/** Reads what is pinned (or pins on first use) and proves that the server's head extends it. */
export async function openTrust(channel: Channel, options: TrustOptions): Promise<Trust> {
  const remembered = options.statePath ? await readState(options.statePath) : undefined;
  const state = await decideState(channel, options, remembered);
  const trust = new Trust(channel, state, options.statePath);
  await trust.confirmHead();
  return trust;
}

export class Trust {
  readonly #channel: Channel;
  readonly #statePath: string | undefined;
  #state: TrustState;
  #pinned: Seen | undefined;
  readonly #unsettled = new UnsettledNotes();
  /** Pins and proofs, one after another: no note is passed over by a pin that overtakes it. */
  readonly #proofs = new Sequence();
  /** Writes of the state file: a pin that is being written must not undo a verdict. */
  readonly #writes = new Sequence();
  #verdict: ClientError | undefined;
  #settledAtMs = Date.now();

  constructor(channel: Channel, state: TrustState, statePath: string | undefined) {
    this.#channel = channel;
    this.#state = state;
    this.#statePath = statePath;
    if (state.note !== undefined)
      this.#pinned = this.#verifyNote(new TextEncoder().encode(state.note));
  }

  get origin(): string {
    return this.#state.origin;
  }

  get logKeys(): readonly string[] {
    return this.#state.logKeys;
  }

  /** Size of the newest note that is proven to extend all earlier ones. */
  get pinnedSize(): bigint {
    return this.#pinned?.size ?? 0n;
  }

  get pinnedNote(): Uint8Array | undefined {
    return this.#pinned?.note;
  }

  /** Throws the verdict that stands, if one does. */
  requireSound(): void {
    if (this.#verdict !== undefined) throw this.#verdict;
  }

  /** Offers the pinned note, and pins the head that the server proves to extend all we know. */
  confirmHead(): Promise<Checkpoint & { note: Uint8Array }> {
    return this.#proofs.run(async () => {
      this.requireSound();
      const pinned = this.#pinned;
      const head = await this.#channel
        .unary(LogService.method.getHead, { pinnedNote: pinned?.note ?? new Uint8Array() })
        .catch((cause) => this.#refusedHead(toClientError(cause)));
      const offered = this.#verifyNote(head.checkpoint);
      if (pinned !== undefined) await this.#requireExtends(pinned, offered, head.consistency);
      const unsettled = this.#unsettled.all;
      await this.#pin(await this.#proveAll(unsettled, offered), unsettled);
      return offered;
    });
  }

  /**
   * Checks a note that came with an answer: signed, and neither behind nor beside what we know.
   * It is kept until it is proven; waits for proofs when too many are kept.
   */
  async observe(note: Uint8Array, sizeMin: bigint): Promise<Checkpoint> {
    this.requireSound();
    const seen =
      this.#known.find((known) => equalBytes(known.note, note)) ?? this.#verifyNote(note);
    if (seen.size < sizeMin) await this.#record("ROLLBACK_DETECTED", seen);
    await this.#keep(seen);
    if (Date.now() - this.#settledAtMs > SETTLE_EVERY_MS) {
      this.#settledAtMs = Date.now();
      // A verdict found here is kept and thrown by the next call.
      this.settle().catch(() => {});
    }
    return seen;
  }

  /** Proves that all notes seen lie on one line with the pinned one, and pins the newest. */
  settle(): Promise<void> {
    return this.#proofs.run(async () => {
      this.requireSound();
      const unsettled = this.#unsettled.all;
      if (unsettled.length === 0) return;
      const newest = await this.#proveAll(unsettled);
      if (newest.size > this.pinnedSize) await this.#pin(newest, unsettled);
      else this.#unsettled.drop(unsettled);
    });
  }

  /** Verifies a receipt of this log under the pinned key and notes its checkpoints. */
  async verifyReceipt(
    receipt: Receipt,
    sizeMin: bigint,
    factBytes?: Uint8Array,
  ): Promise<ProvenReceipt> {
    try {
      const policy = parsePolicy(policyOfKeys(this.#state.logKeys));
      const options = factBytes === undefined ? {} : { factBytes };
      const proven = verifyReceipt(receipt, policy, Date.now(), options);
      // The newest anchor tells how far the server is; attested ones may well be older.
      const notes = receipt.anchors.map(({ checkpoint }) => checkpoint);
      const newest = Math.max(...notes.map((note) => Number(sizeOf(note))));
      for (const note of notes) {
        await this.observe(note, Number(sizeOf(note)) === newest ? sizeMin : 0n);
      }
      return proven;
    } catch (cause) {
      throw toAnswerError(cause);
    }
  }

  #verifyNote(note: Uint8Array): Seen {
    try {
      const { origin } = parseCheckpoint(parseNote(note).text);
      if (origin !== this.#state.origin) {
        const hint = this.#statePath === undefined ? "" : `; pinned in ${this.#statePath}`;
        throw new ClientError(
          "ORIGIN_MISMATCH",
          `expect log ${this.#state.origin}, the server is ${origin}${hint}`,
          { kind: "verification" },
        );
      }
      const checkpoint = verifyCheckpoint(note, verifiersOf(this.#state.logKeys));
      return { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, note };
    } catch (cause) {
      throw toAnswerError(cause);
    }
  }

  get #known(): readonly Seen[] {
    return this.#pinned === undefined
      ? this.#unsettled.all
      : [this.#pinned, ...this.#unsettled.all];
  }

  /** Nothing is awaited between the last look at what is known and the addition to it. */
  async #keep(seen: Seen): Promise<void> {
    for (;;) {
      const known = this.#known.find(({ size }) => size === seen.size);
      if (known !== undefined && isSameTree(known, seen)) return;
      if (known !== undefined) return this.#record("FORK_DETECTED", seen, known);
      if (!this.#unsettled.isFull) return this.#unsettled.add(seen);
      await this.settle();
    }
  }

  /**
   * Proves each step from the smallest note to the largest, through the pinned one, and returns
   * the largest. A head must already be proven to extend the pinned note.
   */
  async #proveAll(unsettled: readonly Seen[], head?: Seen): Promise<Seen> {
    const pinned = this.#pinned;
    const steps = [pinned, head, ...unsettled].filter((seen) => seen !== undefined).sort(bySize);
    let [last] = steps;
    if (last === undefined)
      throw new ClientError("INTERNAL", "prove no note", { kind: "internal" });
    for (const next of steps.slice(1)) {
      const isProven = last === pinned && next === head;
      if (!isProven) await this.#requireExtends(last, next, await this.#proofOf(last, next));
      last = next;
    }
    // Another answer may have shown a fork while these were proven.
    this.requireSound();
    this.#settledAtMs = Date.now();
    return last;
  }

  async #proofOf(from: Seen, to: Seen): Promise<Uint8Array[]> {
    if (from.size === 0n || from.size === to.size) return [];
    const sizes = { fromSize: from.size, toSize: to.size };
    return (await this.#channel.unary(LogService.method.getConsistencyProof, sizes)).proof;
  }

  async #requireExtends(pinned: Seen, offered: Seen, proof: Uint8Array[]): Promise<void> {
    if (offered.size < pinned.size) await this.#record("ROLLBACK_DETECTED", offered, pinned);
    try {
      verifyConsistency({
        fromSize: pinned.size,
        fromRoot: pinned.root,
        toSize: offered.size,
        toRoot: offered.root,
        proof,
      });
    } catch (cause) {
      if (!(cause instanceof VerificationError)) throw toAnswerError(cause);
      await this.#record("FORK_DETECTED", offered, pinned);
    }
  }

  /** The server itself says that our pinned note is ahead of it or beside it. */
  async #refusedHead(refusal: ClientError): Promise<never> {
    const code = verdictCodes.find((verdict) => verdict === refusal.code);
    if (code === undefined) throw refusal;
    // A head that does not verify either must not hinder the record.
    const offered = await this.#channel
      .unary(LogService.method.getHead, {})
      .then((head) => this.#verifyNote(head.checkpoint))
      .catch(() => undefined);
    return this.#record(code, offered);
  }

  /** Only for a note that all of `proven` are proven to lie below. */
  async #pin(seen: Seen, proven: readonly Seen[]): Promise<void> {
    await this.#write({ note: new TextDecoder().decode(seen.note) });
    this.#pinned = seen;
    this.#unsettled.drop(proven);
    // Another process has found the log out meanwhile.
    if (this.#state.verdict !== undefined) this.#verdict ??= standing(this.#state);
    this.requireSound();
  }

  #write(change: Partial<TrustState>): Promise<void> {
    return this.#writes.run(async () => {
      const state = { ...this.#state, ...change };
      this.#state =
        this.#statePath === undefined ? state : await writeState(this.#statePath, state);
    });
  }

  /**
   * Keeps both notes and the verdict, durably, before anybody is told. The verdict stands even if
   * it cannot be written; why not is its cause.
   */
  async #record(code: VerdictCode, offered?: Seen, pinned = this.#pinned): Promise<never> {
    this.requireSound();
    const finding: Finding = { code, detectedAt: new Date().toISOString(), pinned, offered };
    const { detectedAt } = finding;
    const message = describeFinding(finding);
    const notes = [pinned?.note, offered?.note].filter((note) => note !== undefined);
    const evidence: string[] = [];
    this.#verdict = new ClientError(code, message, { kind: "verification", notes });
    const failures: unknown[] = [];
    const fail = (cause: unknown) => failures.push(cause);
    if (this.#statePath !== undefined) {
      await writeEvidence(this.#statePath, finding, evidence).catch(fail);
    }
    await this.#write({ verdict: { code, detectedAt, message, evidence } }).catch(fail);
    const [cause] = failures;
    const options = { kind: "verification", evidence, notes, cause } as const;
    this.#verdict = new ClientError(code, message, options);
    throw this.#verdict;
  }
}

function sizeOf(note: Uint8Array): bigint {
  return parseCheckpoint(parseNote(note).text).size;
}
