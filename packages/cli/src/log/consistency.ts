// Proves that an older tree is a prefix of a newer one. From a checkpoint file, the older root is
// the one that the file's note signs, so the proof speaks about what somebody once held.
import {
  parseCheckpoint,
  parseNote,
  parseVkey,
  toBase64,
  VerificationError,
  verifyCheckpoint,
  verifyConsistency,
} from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { ProofError } from "../errors.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { readBytesFile } from "../settings.ts";

interface ConsistencyFlags {
  readonly from: string;
  readonly to?: string;
}

export const consistencyVerb: Verb<ConsistencyFlags> = async (context, _args, flags) => {
  const { output } = context;
  const note = /^[0-9]+$/.test(flags.from) ? undefined : await readBytesFile(flags.from);
  const fromSize =
    note === undefined
      ? parseCount("--from", flags.from)
      : parseCheckpoint(parseNote(note).text).size;
  const to = flags.to === undefined ? {} : { toSize: parseCount("--to", flags.to) };
  const proof = await withClient(context, async (client) => {
    const proven = await client.consistencyProof({ fromSize, ...to });
    if (note === undefined) return proven;
    try {
      const held = verifyCheckpoint(note, client.logKeys.map(parseVkey));
      verifyConsistency({ ...proven, fromRoot: held.root, proof: [...proven.proof] });
    } catch (cause) {
      if (!(cause instanceof VerificationError)) throw cause;
      throw new ProofError(cause.code, cause.message, { cause });
    }
    return proven;
  });
  if (output.json) {
    await output.document({
      verdict: "verified",
      fromSize: String(proof.fromSize),
      fromRoot: toBase64(proof.fromRoot),
      toSize: String(proof.toSize),
      toRoot: toBase64(proof.toRoot),
      proof: proof.proof.map((hash) => toBase64(hash)),
    });
    return;
  }
  await output.lines(`the tree of ${proof.fromSize} is a prefix of the tree of ${proof.toSize}`);
};
