// Offers stored checkpoints to the targets that are known, and takes over what the journal has of
// completed attestations. Both are made up for at the next open, so a crash between journal and
// work rows loses nothing, and neither does a state that was lost.
import { toStoreError } from "../errors.ts";
import type { AttestationsParts } from "./attestations.ts";
import type { KeptProof } from "./work-row.ts";

const PAGE = 1000;
const MISSED_MAX = 10_000;

export class Offering {
  readonly #parts: AttestationsParts;
  #newestSize: Promise<number>;
  /** Stored, and not offered yet. */
  #waiting: number[] = [];
  #isOffering = false;

  constructor(parts: AttestationsParts) {
    this.#parts = parts;
    this.#newestSize = Promise.resolve(0);
    parts.events.on("checkpoint", (size) => {
      this.#newestSize = Promise.resolve(size);
      this.#waiting.push(size);
      if (!this.#isOffering) void this.#offer();
    });
  }

  /** Size of the newest stored checkpoint; 0 if there is none. */
  newestSize(): Promise<number> {
    return this.#newestSize;
  }

  async start(): Promise<void> {
    try {
      const [newest] = await this.#parts.reads.checkpoints({ limit: 1 });
      const size = Math.max(newest?.size ?? 0, await this.#newestSize);
      this.#newestSize = Promise.resolve(size);
      if (this.#parts.refusal()) return;
      await this.#adopt();
      await this.#offerMissed();
    } catch (reason) {
      await this.#report(reason);
    }
  }

  /** One call at a time: what is stored meanwhile goes along with the next. */
  async #offer(): Promise<void> {
    this.#isOffering = true;
    try {
      while (this.#waiting.length > 0) {
        await this.#parts.state.call("offerCheckpoints", this.#waiting.splice(0));
      }
    } catch (reason) {
      await this.#report(reason);
    } finally {
      this.#isOffering = false;
    }
  }

  /** What was stored just before a crash, or while the state could not be written. */
  async #offerMissed(): Promise<void> {
    const { state, reads } = this.#parts;
    const offered = await state.call("offeredSize", undefined);
    if (offered === undefined) return;
    const missed: number[] = [];
    for (let before: number | undefined; missed.length < MISSED_MAX; ) {
      const found = await reads.checkpoints({ limit: PAGE, ...(before ? { before } : {}) });
      const newer = found.filter(({ size }) => size > offered);
      missed.push(...newer.map(({ size }) => size));
      before = newer.at(-1)?.size;
      if (newer.length < PAGE) break;
    }
    if (missed.length > 0) await state.call("offerCheckpoints", missed.reverse());
  }

  async #adopt(): Promise<void> {
    const { state, reads } = this.#parts;
    let after = await state.call("adoptedProofs", undefined);
    for (;;) {
      const { attestations, cosignatures } = await reads.proofsAfter(after, PAGE);
      if (attestations.length === 0 && cosignatures.length === 0) return;
      const proofs: KeptProof[] = [
        ...attestations.map((row) => ({
          target: { name: row.target, kind: row.kind },
          ...{ size: row.size, attestedAtMs: row.attestedAtMs },
          ...(row.kind === "rekor" ? { logId: row.logId, logIndex: row.logIndex } : {}),
          ...(row.signedAtMs === null ? {} : { signedAtMs: row.signedAtMs }),
        })),
        ...cosignatures.map((row) => ({
          target: { name: row.target, kind: "witness" as const },
          ...{ size: row.size, attestedAtMs: row.attestedAtMs, signedAtMs: row.signedAtMs },
        })),
      ];
      after = {
        attestation: attestations.at(-1)?.id ?? after.attestation,
        cosignature: cosignatures.at(-1)?.id ?? after.cosignature,
      };
      await state.call("adoptProofs", { proofs, ...after });
    }
  }

  async #report(reason: unknown): Promise<void> {
    const { code, message } = toStoreError(reason);
    if (code === "STORE_CLOSED") return;
    await this.#parts.integrity.raise({ code, message: `attestation work: ${message}` });
  }
}
