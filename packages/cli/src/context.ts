// What every verb is given: its settings, where to print, and when to stop.
import type { Output } from "./output.ts";
import type { GlobalFlags, Settings } from "./settings.ts";

export interface Context {
  readonly settings: Settings;
  readonly output: Output;
  /** Aborts on Ctrl-C or SIGTERM. A verb that never asks for it is simply ended by them. */
  readonly signal: AbortSignal;
}

/** A verb as a module offers it: positional arguments, then its own options. */
export type Verb<Options> = (
  context: Context,
  args: readonly string[],
  options: Options,
) => Promise<void>;

export async function openContext(flags: GlobalFlags): Promise<Context> {
  const { openOutput } = await import("./output.ts");
  const { readSettings } = await import("./settings.ts");
  let stop: AbortController | undefined;
  return {
    settings: await readSettings(flags),
    output: openOutput(flags.json ?? false),
    get signal() {
      stop ??= abortOnSignals();
      return stop.signal;
    },
  };
}

function abortOnSignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => controller.abort());
  }
  return controller;
}
