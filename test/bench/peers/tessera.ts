// Tessera on files with deduplication, as a Go program of ours that does nothing but add to it.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../support/root.ts";
import { monotonicMs, type Slice } from "../measure.ts";
import { PeerSkipped, runProgram, startProgram } from "./place.ts";

const SOURCE = join(root, "test/bench/peers/tessera");
const GO_PLACES = [...(process.env.PATH ?? "").split(":"), "/usr/local/go/bin"];

export class Tessera {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    if (!child.stdout) throw new Error("the program has no output");
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(parent: string): Promise<Tessera> {
    const program = build(parent);
    const folder = join(parent, "tessera");
    mkdirSync(folder);
    const tessera = new Tessera(startProgram(program, ["--folder", folder]));
    await tessera.#next();
    return tessera;
  }

  async add(kind: "bulk" | "one" | "provable", count: number): Promise<Slice> {
    this.#child.stdin?.write(`${kind} ${count}\n`);
    const ms = Number(await this.#next());
    const endedAt = monotonicMs();
    return { units: count, startedAt: endedAt - ms, endedAt };
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }

  async #next(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error("the Tessera program ended early");
    return line.value;
  }
}

function build(parent: string): string {
  const go = GO_PLACES.map((place) => join(place, "go")).find((path) => existsSync(path));
  if (go === undefined) throw new PeerSkipped("no Go to build it with");
  const program = join(parent, "tessera-bench");
  try {
    runProgram(go, ["build", "-o", program, "."], { cwd: SOURCE });
  } catch (reason) {
    throw new PeerSkipped(`it does not build here: ${(reason as Error).message}`);
  }
  return program;
}
