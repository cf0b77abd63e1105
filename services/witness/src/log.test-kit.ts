// A log that signs what it is told to, also what it should not.
import {
  concatBytes,
  ed25519,
  ed25519Signer,
  ed25519Verifier,
  formatVkey,
  hashChildren,
  type NodeAt,
  proveConsistency,
  rootOfLeaves,
  sha256,
  signCheckpoint,
  signNote,
  toBase64,
  utf8,
} from "@strongroom/protocol";

export interface TestLog {
  readonly origin: string;
  readonly vkey: string;
  /** The signed note of the first `size` leaves. */
  note(size: number): Uint8Array;
  /** Body of add-checkpoint, with the right proof. */
  request(from: number, size: number): Uint8Array;
  root(size: number): Uint8Array;
  prove(from: number, to: number): Uint8Array[];
}

/** `history` decides the leaves: two logs that share a seed and not the history fork. */
export function makeLog(
  options: { origin?: string; seed?: number; history?: string } = {},
): TestLog {
  const { origin = "log.example/one", seed = 1, history = "a" } = options;
  const seedBytes = new Uint8Array(32).fill(seed);
  const signer = ed25519Signer(origin, seedBytes);
  const leaf = (index: number) => sha256(utf8(`${history} ${index}`));
  const root = (size: number) => rootOfLeaves(Array.from({ length: size }, (_, i) => leaf(i)));
  const nodeAt: NodeAt = (level, index) =>
    level === 0
      ? leaf(index)
      : hashChildren(nodeAt(level - 1, 2 * index), nodeAt(level - 1, 2 * index + 1));
  const note = (size: number) =>
    signCheckpoint({ origin, size: BigInt(size), root: root(size) }, [signer]);
  const prove = (from: number, to: number) => proveConsistency(from, to, nodeAt);
  return {
    origin,
    vkey: formatVkey(ed25519Verifier(origin, ed25519.publicKey(seedBytes))),
    root,
    prove,
    note,
    request: (from, size) => bodyOf(String(from), prove(from, size), note(size)),
  };
}

export function bodyOf(old: string, proof: readonly Uint8Array[], note: Uint8Array): Uint8Array {
  const lines = [`old ${old}`, ...proof.map(toBase64)].map((line) => `${line}\n`);
  return concatBytes(utf8(`${lines.join("")}\n`), note);
}

/** Any text under the key that `makeLog` uses. */
export function signText(text: string, origin = "log.example/one", seed = 1): Uint8Array {
  return signNote(text, [ed25519Signer(origin, new Uint8Array(32).fill(seed))]);
}
