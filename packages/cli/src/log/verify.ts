// Verifies everything there is: through the server, a store folder directly, or an exported tree.

import { MalformedError, toBase64, VerificationError } from "@strongroom/protocol";
import type { Context, Verb } from "../context.ts";
import { CliError, ProofError } from "../errors.ts";
import { printable } from "../output.ts";
import { parseCount } from "../parse-flag.ts";

interface LogVerifyFlags {
  readonly tiles?: string;
  readonly store?: string;
  readonly key?: string;
  readonly anchor?: string;
  readonly fromIndex: string;
}

interface Summary {
  readonly verdict: string;
  readonly entries: bigint | number;
  readonly tiles: bigint | number;
  readonly checkpoints: bigint | number;
  readonly findings: bigint | number;
  readonly root: Uint8Array;
  readonly treeSize: bigint | number;
}

interface Finding {
  readonly verdict: string;
  readonly part: string;
  readonly index: bigint | number;
  readonly message: string;
}

export const logVerifyVerb: Verb<LogVerifyFlags> = async (context, _args, flags) => {
  if (flags.tiles !== undefined && flags.store !== undefined) {
    throw new CliError("USAGE", "give --tiles or --store, not both");
  }
  if (flags.tiles !== undefined) return verifyTree(context, flags.tiles);
  const findings: Finding[] = [];
  const bar = context.output.progress("verifying");
  const watch = {
    onProgress: (done: number, total: number) => bar.at(done, total),
    onFinding: (finding: Finding) => {
      findings.push(finding);
      const { part, index, message, verdict } = finding;
      context.output.notice(printable(`${part} ${index}: ${message} (${verdict})`));
    },
  };
  const summary =
    flags.store === undefined
      ? await verifyThroughServer(context, flags, watch)
      : await verifyFolder(context, { ...flags, store: flags.store }, watch);
  bar.end();
  await report(context, summary, findings);
};

interface Watch {
  readonly onProgress: (done: number, total: number) => void;
  readonly onFinding: (finding: Finding) => void;
}

async function verifyThroughServer(context: Context, flags: LogVerifyFlags, watch: Watch) {
  const { withClient } = await import("../session.ts");
  return withClient(context, (client) =>
    client.verify({
      fromIndex: parseCount("--from-index", flags.fromIndex),
      onProgress: ({ entriesDone, entriesTotal }) =>
        watch.onProgress(Number(entriesDone), Number(entriesTotal)),
      onFinding: watch.onFinding,
      signal: context.signal,
    }),
  );
}

async function verifyFolder(
  context: Context,
  flags: LogVerifyFlags & { store: string },
  watch: Watch,
): Promise<Summary> {
  const { withStore } = await import("../store/open-folder.ts");
  return withStore(context, flags, (store) =>
    store.verify({
      fromIndex: Number(parseCount("--from-index", flags.fromIndex)),
      ...watch,
      signal: context.signal,
    }),
  );
}

async function report(context: Context, summary: Summary, findings: Finding[]): Promise<void> {
  const { verdict } = summary;
  const document = {
    verdict,
    entries: String(summary.entries),
    tiles: String(summary.tiles),
    checkpoints: String(summary.checkpoints),
    findings: String(summary.findings),
    root: toBase64(summary.root),
    treeSize: String(summary.treeSize),
  };
  if (verdict !== "verified") {
    const details = findings.map((finding) => ({
      verdict: finding.verdict,
      part: finding.part,
      index: String(finding.index),
      message: finding.message,
    }));
    const message = `${summary.findings} findings in ${summary.entries} entries`;
    throw new ProofError(verdict, message, { shown: { ...document, details } });
  }
  if (context.output.json) return context.output.document(document);
  const { entries, tiles, checkpoints } = document;
  await context.output.lines(
    `verified: ${entries} entries, ${tiles} tiles, ${checkpoints} checkpoints`,
  );
}

async function verifyTree(context: Context, source: string): Promise<void> {
  const { openTiles } = await import("./tile-source.ts");
  const { verifyTiles } = await import("./verify-tiles.ts");
  const { readPolicy } = await import("../trust-policy.ts");
  const { output, settings } = context;
  const policy = await readPolicy(settings);
  const bar = output.progress("verifying");
  const tree = await verifyTiles(
    openTiles(source, settings),
    policy.logs.map(({ verifier }) => verifier),
    (done, total) => bar.at(done, total),
  ).catch((cause) => {
    if (!(cause instanceof VerificationError) && !(cause instanceof MalformedError)) throw cause;
    throw new ProofError(cause.code, cause.message, { cause });
  });
  bar.end();
  const { origin, treeSize, tiles } = tree;
  if (!output.json) {
    return output.lines(`verified: ${treeSize} entries in ${tiles} tiles of ${origin}`);
  }
  await output.document({
    verdict: "verified",
    origin,
    entries: String(treeSize),
    tiles: String(tiles),
    checkpoints: "1",
    findings: "0",
    root: toBase64(tree.root),
    treeSize: String(treeSize),
  });
}
