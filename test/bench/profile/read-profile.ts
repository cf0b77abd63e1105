// Reads what `node --cpu-prof` wrote, one file per thread, and adds up the samples that fell into
// the windows in which a row of the bench was timed.
import { readFileSync } from "node:fs";
import { basename, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../support/root.ts";
import type { Window } from "../measure.ts";
import { type Frame, stepOf } from "./steps.ts";

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
  positionTicks?: { line: number; ticks: number }[];
}

interface CpuProfile {
  nodes: ProfileNode[];
  /** Microseconds of the monotonic clock. */
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

export interface ThreadTimes {
  pid: string;
  /** "commit", "indexer", … or the script that the process runs. */
  name: string;
  /** Milliseconds of each step, and of each function, within the windows. */
  steps: Map<string, number>;
  functions: Map<string, number>;
}

const THREADS: readonly [pattern: RegExp, name: string][] = [
  [/store\/src\/commit\/commit-thread/, "commit"],
  [/store\/src\/index\/indexer-thread/, "indexer"],
  [/store\/src\/state\/state-thread/, "state"],
  [/store\/src\/read\/reader-thread/, "reader"],
  [/services\/storage\/src\/main/, "service"],
  [/bench\/processes\/([\w-]+)/, ""],
];

export function readThread(path: string, windows: readonly Window[]): ThreadTimes {
  const profile = JSON.parse(readFileSync(path, "utf8")) as CpuProfile;
  const stacks = new Stacks(profile);
  const times: ThreadTimes = {
    // CPU.<date>.<time>.<pid>.<thread>.<n>.cpuprofile
    pid: basename(path).split(".")[3] ?? "",
    name: nameOf(profile),
    steps: new Map(),
    functions: new Map(),
  };
  for (const [id, ms] of selfTimes(profile, windows)) {
    for (const { stack, share } of stacks.of(id)) {
      add(times.steps, stepOf(stack), ms * share);
      add(times.functions, labelOf(stack), ms * share);
    }
  }
  return times;
}

/** Milliseconds per node within the windows. A sample stands for the time until the next one. */
function selfTimes(profile: CpuProfile, windows: readonly Window[]): Map<number, number> {
  const times = new Map<number, number>();
  const sorted = [...windows].sort((a, b) => a.startedAt - b.startedAt);
  let at = profile.startTime;
  let next = 0;
  profile.samples.forEach((id, i) => {
    at += profile.timeDeltas[i] ?? 0;
    const ms = (profile.timeDeltas[i + 1] ?? 0) / 1000;
    while (next < sorted.length && (sorted[next]?.endedAt ?? 0) < at / 1000) next++;
    const window = sorted[next];
    if (!window || at / 1000 + ms < window.startedAt) return;
    const from = Math.max(at / 1000, window.startedAt);
    const until = Math.min(at / 1000 + ms, window.endedAt);
    if (until > from) add(times, id, until - from);
  });
  return times;
}

/** The stacks of a profile's nodes, innermost frame first. */
class Stacks {
  readonly #nodes: Map<number, ProfileNode>;
  readonly #parents = new Map<number, number>();
  readonly #lines = new Map<string, string[]>();

  constructor({ nodes }: CpuProfile) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    for (const node of nodes) {
      for (const child of node.children ?? []) this.#parents.set(child, node.id);
    }
  }

  /** One for each line of the innermost function that ran, with its share of the samples. */
  of(id: number): { stack: Frame[]; share: number }[] {
    const node = this.#nodes.get(id);
    if (!node) return [];
    const outer: Frame[] = [];
    for (let up = this.#parents.get(id); up !== undefined; up = this.#parents.get(up)) {
      const parent = this.#nodes.get(up);
      if (parent) outer.push(this.#frame(parent, 0));
    }
    const ticks = node.positionTicks ?? [];
    const total = ticks.reduce((sum, one) => sum + one.ticks, 0);
    if (total === 0) return [{ stack: [this.#frame(node, 0), ...outer], share: 1 }];
    return ticks.map(({ line, ticks: count }) => ({
      stack: [this.#frame(node, line), ...outer],
      share: count / total,
    }));
  }

  #frame({ callFrame }: ProfileNode, line: number): Frame {
    const { functionName, url } = callFrame;
    const text = line > 0 && url.startsWith("file:") ? this.#linesOf(url)[line - 1] : undefined;
    return { file: fileOf(url), name: functionName || "(anonymous)", line: text?.trim() ?? "" };
  }

  #linesOf(url: string): string[] {
    const lines = this.#lines.get(url) ?? readFileSync(fileURLToPath(url), "utf8").split("\n");
    this.#lines.set(url, lines);
    return lines;
  }
}

function nameOf({ nodes }: CpuProfile): string {
  const files = new Set(nodes.map(({ callFrame }) => fileOf(callFrame.url)));
  for (const [pattern, name] of THREADS) {
    for (const file of files) {
      const found = pattern.exec(file);
      if (found) return name || (found[1] ?? "");
    }
  }
  return "main";
}

/** A file as it is in the repository, or below node_modules. */
function fileOf(url: string): string {
  if (url === "") return "native";
  if (!url.startsWith("file:")) return url;
  const path = relative(root, fileURLToPath(url));
  const dependency = /node_modules\/((?!@strongroom)(?!.*node_modules).*)/.exec(path);
  if (dependency) return dependency[1] ?? path;
  return path
    .replace(/^test\/dist\//, "test/")
    .replace("/dist/", "/src/")
    .replace(/\.js$/, ".ts");
}

/**
 * Native functions, and those of Node, say little without who called them. Statements of SQLite run
 * inside the line that calls them.
 */
function labelOf([frame, ...outer]: readonly Frame[]): string {
  if (!frame) return "";
  if (frame.name.startsWith("(") && frame.file === "native") return frame.name;
  const statement = /\.(run|all|get|iterate|exec)\(/.test(frame.line);
  const own = statement ? `${frame.name}: ${frame.line.slice(0, 60)}` : frame.name;
  const isOurs = /^(packages|services|test)\//.test(frame.file);
  const caller = isOurs ? undefined : outer.find(({ file }) => /^(packages|services)\//.test(file));
  const from = caller ? ` < ${caller.name} ${basename(caller.file)}` : "";
  return `${own} (${basename(frame.file)})${from}`;
}

function add<K>(times: Map<K, number>, key: K, ms: number): void {
  times.set(key, (times.get(key) ?? 0) + ms);
}
