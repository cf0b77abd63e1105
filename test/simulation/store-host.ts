// Where a simulated store lives: in this isolate, or in a process of its own.
import type { Store, StoreError, WatchEvent, WatchOptions } from "@strongroom/store";
import type { Config, Loss, Wreck } from "./program.ts";

export type StoreMethod = {
  [K in keyof Store]: Store[K] extends (...rest: never[]) => unknown ? K : never;
}[keyof Store];
type Arguments<K extends StoreMethod> = Store[K] extends (...rest: infer A) => unknown ? A : never;
type Answer<K extends StoreMethod> = Store[K] extends (...rest: never[]) => infer R
  ? Awaited<R>
  : never;

/** An open store. */
export interface StoreLink {
  readonly logVkey: string;
  readonly origin: string;
  call<K extends StoreMethod>(method: K, ...rest: Arguments<K>): Promise<Answer<K>>;
  watch(options: WatchOptions): AsyncIterable<WatchEvent>;
}

export interface StorePlan {
  folder: string;
  cipher: "aegis256" | "sqlcipher" | "chacha20" | "none";
  key: Uint8Array | string;
  config: Config;
}

export interface StoreHost {
  readonly plan: StorePlan;
  /** Whether clock jumps, crash points and saved images are to be had. */
  readonly isExact: boolean;
  /** From that instant on nothing that the store answers counts. */
  readonly isDead: boolean;
  /** A kill tore a slot of the anchor: the store then says so once. */
  readonly hasTornAnchor: boolean;
  /** Throws the store's StoreError. */
  open(): Promise<StoreLink>;
  close(): Promise<void>;
  /** The store will die at its n-th crash point from now, or about then. */
  kill(after: number, wreck: Wreck): void;
  /** What was killed is gone; its folder is as it was at that instant. Dies now if it lives yet. */
  bury(): Promise<void>;
  /** Deletes what may be lost, of a store that is not open. */
  lose(what: Loss): void;
  /** Removes everything. */
  end(): Promise<void>;
}

export function errorCode(reason: unknown): string {
  const { code } = reason as Partial<StoreError>;
  return typeof code === "string" ? code : `no code: ${String(reason)}`;
}
