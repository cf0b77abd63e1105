import { parseCheckpoint, parseNote, toBase64 } from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";

/** The note goes to stdout byte for byte, so that a redirect makes a file that other tools read. */
export const checkpointVerb: Verb<{ size?: string }> = async (context, _args, flags) => {
  const { output } = context;
  const size = flags.size === undefined ? undefined : parseCount("--size", flags.size);
  const note = await withClient(context, async (client) => {
    return size === undefined ? (await client.head()).note : (await client.checkpoint(size)).note;
  });
  if (!output.json) return output.raw(note);
  const { origin, size: treeSize, root } = parseCheckpoint(parseNote(note).text);
  await output.document({
    origin,
    treeSize: String(treeSize),
    root: toBase64(root),
    checkpoint: toBase64(note),
    note: new TextDecoder().decode(note),
  });
};
