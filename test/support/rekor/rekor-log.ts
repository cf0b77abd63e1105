// The state of one log: leaves, duplicates, published checkpoints. Entries are sequenced at once
// and published by the next checkpoint; answers wait for it.
import { setTimeout as sleep } from "node:timers/promises";
import { LogKey, type RekorVersion } from "./log-key.ts";
import { hashLeaf, MerkleLog } from "./merkle-log.ts";

export interface RekorLogOptions {
  readonly version: RekorVersion;
  readonly hostname: string;
  /** 0: each submission publishes its own checkpoint. */
  readonly checkpointIntervalMs: number;
  readonly privateKeyPem?: string;
  /** Seconds; the clock of version 1's promises. */
  readonly nowS?: () => number;
}

export interface Published {
  readonly size: number;
  readonly envelope: string;
}

export class RekorLog {
  readonly version: RekorVersion;
  readonly key: LogKey;
  /** Version 1 puts it into ids and checkpoints. */
  readonly treeId = 0x1193_5ad0_2f31n;
  readonly tree = new MerkleLog();
  readonly nowS: () => number;
  /** When each entry came, by index. */
  readonly timesS: number[] = [];
  readonly published: Published[] = [];
  readonly #intervalMs: number;
  /** Leaf hashes that a resubmission is recognised by. */
  readonly #known = new Map<string, number>();
  #publishing: Promise<void> | undefined;

  constructor(options: RekorLogOptions) {
    this.version = options.version;
    this.key = new LogKey(options.version, options.hostname, options.privateKeyPem);
    this.nowS = options.nowS ?? (() => Math.floor(Date.now() / 1000));
    this.#intervalMs = options.checkpointIntervalMs;
    this.#publish();
  }

  get origin(): string {
    return this.version === 1 ? `${this.key.hostname} - ${this.treeId}` : this.key.hostname;
  }

  get checkpoint(): Published {
    return this.published.at(-1) as Published;
  }

  /** Takes the entry, or finds it; returns once a checkpoint covers it. */
  async add(body: Buffer): Promise<{ index: number; isDuplicate: boolean }> {
    const hash = hashLeaf(body).toString("hex");
    const known = this.#known.get(hash);
    const index = known ?? this.tree.append(body);
    if (known === undefined) {
      this.timesS[index] = this.nowS();
      this.#known.set(hash, index);
    }
    await this.#published(index);
    return { index, isDuplicate: known !== undefined };
  }

  /** A restart that came before its memory of the newest `count` entries was durable. */
  forgetDuplicates(count: number): void {
    for (let index = Math.max(0, this.tree.size - count); index < this.tree.size; index++) {
      this.#known.delete(Buffer.from(this.tree.leafHash(index)).toString("hex"));
    }
  }

  /** Publishes what has been sequenced. */
  publish(): void {
    if (this.checkpoint.size < this.tree.size) this.#publish();
  }

  /** A checkpoint of any size up to the tree's, by this key or another. */
  signCheckpoint(size: number, key: LogKey = this.key): string {
    return key.signCheckpoint(this.origin, size, this.tree.root(size));
  }

  async #published(index: number): Promise<void> {
    while (this.checkpoint.size <= index) {
      if (this.#intervalMs > 0) await this.#publishNext();
      else this.publish();
    }
  }

  // One timer for everybody who waits.
  #publishNext(): Promise<void> {
    this.#publishing ??= this.#publishLater();
    return this.#publishing;
  }

  async #publishLater(): Promise<void> {
    await sleep(this.#intervalMs);
    this.#publishing = undefined;
    this.publish();
  }

  #publish(): void {
    const { size } = this.tree;
    this.published.push({ size, envelope: this.signCheckpoint(size) });
  }
}
