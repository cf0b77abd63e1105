import type { Verb } from "../context.ts";
import { withClient } from "../session.ts";

/** Prints the pinned key, which signed the head; on a first connection that is the server's word. */
export const verifierKeyVerb: Verb<object> = async (context) => {
  const { output } = context;
  await withClient(context, async (client) => {
    const [logVkey = ""] = client.logKeys;
    if (!output.json) return output.raw(`${logVkey}\n`);
    const { storeId, snapshotVkey } = await client.verifierKeys();
    await output.document({
      origin: client.origin,
      logVkeys: client.logKeys,
      snapshotVkey,
      storeId,
    });
  });
};
