// Exports the log as a C2SP tlog-tiles tree. Tiles are rebuilt here from the leaves, so what is
// written is what the signed root says; the checkpoint comes last, once all of it is in place.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  concatBytes,
  encodeEntriesTile,
  equalBytes,
  formatTilePath,
  hashLeaf,
  parseCheckpoint,
  parseNote,
  TILE_WIDTH,
  type Tile,
} from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { CliError, ProofError } from "../errors.ts";
import { withClient } from "../session.ts";
import { readBytesFile } from "../settings.ts";
import { TileTree } from "./tile-tree.ts";

export const tilesVerb: Verb<{ out: string }> = async (context, _args, { out }) => {
  const { output, signal } = context;
  const bar = output.progress("exporting");
  const written = await withClient(context, async (client) => {
    const head = await client.head();
    const writer = new TreeWriter(out, await readOlder(out));
    const range = { fromIndex: 0n, untilIndex: head.size, signal };
    for await (const { leaf } of client.entries(range)) {
      await writer.add(leaf);
      bar.at(writer.size, Number(head.size));
    }
    return writer.finish(head);
  });
  bar.end();
  const { treeSize, tiles } = written;
  if (output.json) await output.document({ out, treeSize: String(treeSize), tiles: String(tiles) });
  else await output.lines(`${tiles} tiles of ${treeSize} entries written to ${out}`);
};

export interface SignedRoot {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly note: Uint8Array;
}

export class TreeWriter {
  readonly #out: string;
  readonly #older: SignedRoot | undefined;
  readonly #tree = new TileTree();
  #leaves: Uint8Array[] = [];
  #tiles = 0;

  /** `older` is the checkpoint of an earlier export in the same folder: the tree must extend it. */
  constructor(out: string, older?: SignedRoot) {
    this.#out = out;
    this.#older = older;
  }

  get size(): number {
    return this.#tree.size;
  }

  async add(leaf: Uint8Array): Promise<void> {
    this.#leaves.push(leaf);
    for (const { tile, hashes } of this.#tree.add(hashLeaf(leaf))) {
      await this.#write(tile, concatBytes(...hashes));
    }
    if (this.#leaves.length === TILE_WIDTH) await this.#writeEntries();
    if (this.#older !== undefined && BigInt(this.size) === this.#older.size) {
      if (!equalBytes(this.#tree.root(), this.#older.root)) {
        throw new ProofError("FORK_DETECTED", `the export in ${this.#out} is of another history`);
      }
    }
  }

  async finish(head: SignedRoot): Promise<{ treeSize: number; tiles: number }> {
    if (BigInt(this.size) !== head.size || !equalBytes(this.#tree.root(), head.root)) {
      throw new ProofError(
        "ROOT_MISMATCH",
        `the entries do not have the root that size ${head.size} signs`,
      );
    }
    if (this.#older !== undefined && this.#older.size > head.size) {
      const message = `the export in ${this.#out} has ${this.#older.size} entries, the log ${head.size}`;
      throw new ProofError("ROLLBACK_DETECTED", message);
    }
    for (const { tile, hashes } of this.#tree.partial()) {
      await this.#write(tile, concatBytes(...hashes));
    }
    if (this.#leaves.length > 0) await this.#writeEntries();
    await this.#replace("checkpoint", head.note);
    return { treeSize: this.size, tiles: this.#tiles };
  }

  async #writeEntries(): Promise<void> {
    const leaves = this.#leaves;
    this.#leaves = [];
    const n = Math.ceil(this.size / TILE_WIDTH) - 1;
    await this.#write({ level: "entries", n, width: leaves.length }, encodeEntriesTile(leaves));
  }

  async #write(tile: Tile, bytes: Uint8Array): Promise<void> {
    this.#tiles++;
    await this.#replace(formatTilePath(tile).slice(1), bytes);
  }

  async #replace(path: string, bytes: Uint8Array): Promise<void> {
    const target = join(this.#out, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.tmp`, bytes);
    await rename(`${target}.tmp`, target);
  }
}

async function readOlder(out: string): Promise<SignedRoot | undefined> {
  try {
    const note = await readBytesFile(join(out, "checkpoint"));
    return { ...parseCheckpoint(parseNote(note).text), note };
  } catch (cause) {
    if (cause instanceof CliError && cause.code === "FILE_NOT_FOUND") return undefined;
    throw cause;
  }
}
