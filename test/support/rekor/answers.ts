// Answers as both versions write them, whole or with the fault that was asked for.
import type { Fault } from "./faults.ts";
import { LogKey } from "./log-key.ts";
import { hashLeaf } from "./merkle-log.ts";
import type { RekorLog } from "./rekor-log.ts";

/** What an answer says about an entry. */
interface Claim {
  readonly index: number;
  readonly shownIndex: number;
  readonly body: Buffer;
  readonly timeS: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
  readonly key: LogKey;
}

/** Version 2: TransparencyLogEntry, with unset members written out as the real one does. */
export function answerV2(log: RekorLog, index: number, fault?: Fault): string {
  const claim = makeClaim(log, index, fault);
  return JSON.stringify({
    logIndex: String(claim.shownIndex),
    logId: { keyId: log.key.logId.toString("base64") },
    kindVersion: { kind: "hashedrekord", version: "0.0.2" },
    integratedTime: fault?.kind === "unsigned-time" ? String(claim.timeS) : "0",
    inclusionPromise: null,
    inclusionProof: {
      logIndex: String(claim.index),
      rootHash: Buffer.from(claim.root).toString("base64"),
      treeSize: String(claim.size),
      hashes: claim.hashes.map((hash) => Buffer.from(hash).toString("base64")),
      checkpoint: { envelope: claim.checkpoint },
    },
    canonicalizedBody: claim.body.toString("base64"),
  });
}

/** Version 1: the entry under its id, with proof and promise. */
export function answerV1(log: RekorLog, index: number, fault?: Fault): string {
  return JSON.stringify(entriesV1(log, index, fault));
}

export function entriesV1(log: RekorLog, index: number, fault?: Fault): Record<string, unknown> {
  const claim = makeClaim(log, index, fault);
  const { body, timeS, key } = claim;
  const logID = log.key.logId.toString("hex");
  const signed = { body: body.toString("base64"), integratedTime: timeS, logID, logIndex: index };
  const promise = key.sign(JSON.stringify(signed));
  return {
    [uuidOf(log, body)]: {
      ...signed,
      integratedTime: fault?.kind === "unsigned-time" ? timeS + 3600 : timeS,
      logIndex: claim.shownIndex,
      verification: {
        inclusionProof: {
          checkpoint: claim.checkpoint,
          hashes: claim.hashes.map((hash) => Buffer.from(hash).toString("hex")),
          logIndex: claim.index,
          rootHash: Buffer.from(claim.root).toString("hex"),
          treeSize: claim.size,
        },
        signedEntryTimestamp: promise.toString("base64"),
      },
    },
  };
}

/** Version 1: tree id and leaf hash, 80 hex digits. */
export function uuidOf(log: RekorLog, body: Buffer): string {
  return `${log.treeId.toString(16).padStart(16, "0")}${hashLeaf(body).toString("hex")}`;
}

function makeClaim(log: RekorLog, asked: number, fault: Fault | undefined): Claim {
  const index = fault?.kind === "other-entry" ? otherThan(asked, log) : asked;
  const key = fault?.kind === "wrong-log-key" ? otherKey(log) : log.key;
  const { size } = log.checkpoint;
  const hashes = log.tree.inclusion(index, size);
  const isStale = fault?.kind === "stale-checkpoint";
  return {
    index,
    shownIndex: fault?.kind === "wrong-index" ? index + 1 : index,
    body: log.tree.bodies[index] ?? Buffer.alloc(0),
    timeS: log.timesS[index] ?? 0,
    size,
    root: log.tree.root(size),
    hashes: fault?.kind === "wrong-proof" ? spoil(hashes) : hashes,
    checkpoint: log.signCheckpoint(isStale ? index : size, key),
    key,
  };
}

function spoil(hashes: readonly Uint8Array[]): Uint8Array[] {
  const [first, ...others] = hashes;
  if (first === undefined) return [new Uint8Array(32)];
  return [first.map((byte, i) => (i === 0 ? byte ^ 1 : byte)), ...others];
}

// A second log entry to speak of: there is always one, since it is made when it is missing.
function otherThan(index: number, log: RekorLog): number {
  if (log.tree.size > 1) return index === 0 ? 1 : index - 1;
  const other = log.tree.append(Buffer.from(`{"apiVersion":"0.0.2","kind":"other"}`));
  log.timesS[other] = log.nowS();
  log.publish();
  return other;
}

function otherKey(log: RekorLog): LogKey {
  return new LogKey(log.version, log.key.hostname);
}
