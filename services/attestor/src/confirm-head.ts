// After a start: the newest note of our log that any target holds is shown to the store, which
// confirms its head by it, or finds that it was rolled back or forked and signs no more.
import { type Client, ClientError } from "@strongroom/client";
import { parseVkey, verifyCheckpoint } from "@strongroom/protocol";
import { Backoff, type Logger } from "@strongroom/runtime";
import type { AttestationTarget } from "./targets/target.ts";

const AWAY = { firstMs: 1_000, maxMs: 60_000 };

export interface ConfirmHeadOptions {
  readonly client: Client;
  readonly target: AttestationTarget;
  readonly logger: Logger;
  /** The store's verdict is against its own head. */
  readonly onVerdict: (code: string) => void;
}

/** Goes on until the target was asked and the store was told; never rejects. */
export async function confirmHead(options: ConfirmHeadOptions, signal: AbortSignal): Promise<void> {
  const away = new Backoff(AWAY);
  while (!signal.aborted) {
    try {
      await confirmOnce(options, signal);
      return;
    } catch (error) {
      if (error instanceof ClientError && error.kind === "verification") {
        options.logger.fatal({ err: error }, "the store's head is not what this target holds");
        options.onVerdict(error.code);
        return;
      }
      if (!signal.aborted) options.logger.warn({ err: error }, "head not confirmed yet");
      await away.wait(signal);
    }
  }
}

async function confirmOnce(
  { client, target, logger }: ConfirmHeadOptions,
  signal: AbortSignal,
): Promise<void> {
  const note = await target.newestNote?.(signal);
  if (note === undefined) return;
  const { size } = verifyCheckpoint(note, client.logKeys.map(parseVkey));
  await client.attestationWork.offerNote(note, { signal });
  logger.info({ size }, "head confirmed by the newest note of this target");
}
