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
import {
  readState,
  replaceFile,
  type TrustState,
  type VerdictCode,
  writeState,
} from "./state-file.ts";
import { movesOn, policyKeys, policyOfKeys, settlesVerdict, verifiersOf } from "./trust-keys.ts";

export interface TrustOptions {
  /** C2SP tlog-policy text; its `log` lines are the trusted keys. First use is trusted if absent. */
  readonly policyText: string | undefined;
  /** Where to remember; only in memory if absent. */
  readonly statePath: string | undefined;
}

interface Seen extends Checkpoint {
  readonly note: Uint8Array;
}

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
  #newest: Seen | undefined;
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

  /** Offers the pinned note, and pins the head that the server proves to extend it. */
  async confirmHead(): Promise<Checkpoint & { note: Uint8Array }> {
    const pinned = this.#pinned;
    const head = await this.#channel
      .unary(LogService.method.getHead, { pinnedNote: pinned?.note ?? new Uint8Array() })
      .catch((cause) => this.#refusedHead(toClientError(cause)));
    const offered = this.#verifyNote(head.checkpoint);
    if (pinned !== undefined) await this.#requireExtends(pinned, offered, head.consistency);
    await this.#pin(offered);
    return offered;
  }

  /** Checks a note that came with an answer: signed, and neither behind nor beside what we know. */
  async observe(note: Uint8Array, sizeMin: bigint): Promise<Checkpoint> {
    if (this.#newest !== undefined && equalBytes(this.#newest.note, note)) return this.#newest;
    const seen = this.#verifyNote(note);
    if (seen.size < sizeMin) await this.#record("ROLLBACK_DETECTED", seen);
    for (const known of [this.#pinned, this.#newest]) {
      const beside = known?.size === seen.size && !equalBytes(known.root, seen.root);
      if (beside) await this.#record("FORK_DETECTED", seen, known);
    }
    if (seen.size > (this.#newest?.size ?? this.pinnedSize)) this.#newest = seen;
    if (Date.now() - this.#settledAtMs > SETTLE_EVERY_MS) {
      this.#settledAtMs = Date.now();
      // A verdict found here is kept and thrown by the next call.
      this.settle().catch(() => {});
    }
    return seen;
  }

  /** Proves that the newest note seen extends the pinned one, and pins it. */
  async settle(): Promise<void> {
    const { size = 0n } = this.#newest ?? {};
    const pinned = this.#pinned;
    const newest = this.#newest;
    if (newest === undefined || pinned === undefined || size <= pinned.size) return;
    const { proof } = await this.#channel.unary(LogService.method.getConsistencyProof, {
      fromSize: pinned.size,
      toSize: size,
    });
    await this.#requireExtends(pinned, newest, proof);
    if (size > this.pinnedSize) await this.#pin(newest);
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
      for (const anchor of receipt.anchors) await this.observe(anchor.checkpoint, sizeMin);
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
    const head = await this.#channel.unary(LogService.method.getHead, {}).catch(() => undefined);
    return this.#record(code, head === undefined ? undefined : this.#verifyNote(head.checkpoint));
  }

  async #pin(seen: Seen): Promise<void> {
    this.#pinned = seen;
    this.#settledAtMs = Date.now();
    this.#state = { ...this.#state, note: new TextDecoder().decode(seen.note) };
    if (this.#statePath !== undefined) this.#state = await writeState(this.#statePath, this.#state);
  }

  /** Keeps both notes and the verdict, durably, before anybody is told. */
  async #record(code: VerdictCode, offered?: Seen, pinned = this.#pinned): Promise<never> {
    const detectedAt = new Date().toISOString();
    const message = describe(code, pinned, offered);
    const notes = [pinned?.note, offered?.note].filter((note) => note !== undefined);
    const evidence: string[] = [];
    if (this.#statePath !== undefined) {
      const stem = `${this.#statePath}.${code.toLowerCase()}-${detectedAt.replaceAll(/[:.]/g, "")}`;
      for (const [name, seen] of [
        ["pinned", pinned],
        ["offered", offered],
      ] as const) {
        if (seen === undefined) continue;
        await replaceFile(`${stem}.${name}.note`, seen.note);
        evidence.push(`${stem}.${name}.note`);
      }
      const verdict = { code, detectedAt, message, evidence };
      this.#state = await writeState(this.#statePath, { ...this.#state, verdict });
    }
    this.#verdict = new ClientError(code, message, { kind: "verification", evidence, notes });
    throw this.#verdict;
  }
}

async function decideState(
  channel: Channel,
  options: TrustOptions,
  remembered: TrustState | undefined,
): Promise<TrustState> {
  const policy = options.policyText === undefined ? undefined : policyKeys(options.policyText);
  if (remembered?.verdict !== undefined) {
    if (policy === undefined || !settlesVerdict(policy, remembered)) throw standing(remembered);
    const settled = [...(remembered.settled ?? []), remembered.verdict];
    return { ...stateOf(policy.logKeys, "policy"), settled };
  }
  if (policy !== undefined) {
    const named = stateOf(policy.logKeys, "policy");
    if (remembered === undefined) return named;
    const keys = policy.logKeys.filter((key) => nameOf(key) === remembered.origin);
    if (keys.length > 0) return { ...remembered, logKeys: keys, pinnedBy: "policy" };
    // A policy for another log must not silently replace what is remembered of this one; one that
    // retires the pinned keys says that this log goes on under another origin.
    return movesOn(policy, remembered) ? named : remembered;
  }
  if (remembered !== undefined) return remembered;
  const keys = await channel.unary(LogService.method.getVerifierKeys, {});
  if (keys.logVkeys.length === 0) {
    throw new ClientError("PROTOCOL_VIOLATION", "the server names no log key", {
      kind: "internal",
    });
  }
  return { version: 1, origin: keys.origin, logKeys: keys.logVkeys, pinnedBy: "first-use" };
}

function stateOf(logKeys: readonly string[], pinnedBy: TrustState["pinnedBy"]): TrustState {
  const [first = ""] = logKeys;
  const origin = nameOf(first);
  const own = logKeys.filter((key) => nameOf(key) === origin);
  return { version: 1, origin, logKeys: own, pinnedBy };
}

function nameOf(vkey: string): string {
  return verifiersOf([vkey])[0]?.name ?? "";
}

function standing(state: TrustState): ClientError {
  const code = state.verdict?.code ?? "FORK_DETECTED";
  return new ClientError(
    code,
    `${state.verdict?.message ?? code} (found ${state.verdict?.detectedAt}; stands until a policy ` +
      "retires the old key at the resumed size and names the new one)",
    { kind: "verification", evidence: state.verdict?.evidence ?? [] },
  );
}

function describe(code: VerdictCode, pinned?: Seen, offered?: Seen): string {
  const ours = pinned === undefined ? "the pinned note" : `the pinned note of size ${pinned.size}`;
  const theirs = offered === undefined ? "the server's head" : `size ${offered.size}`;
  return code === "ROLLBACK_DETECTED"
    ? `the server is at ${theirs}, behind ${ours}`
    : `the server's log at ${theirs} does not contain ${ours}`;
}
