// Runs a service in the foreground: its log on stderr, its exit code ours, Ctrl-C ends it.
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { type RunningService, serviceError } from "./service-child.ts";

export interface Foreground<S extends RunningService> {
  /** For people: "attestor". */
  readonly what: string;
  start(stderr: (line: string) => void): Promise<S | number>;
  sayReady(service: S): Promise<void>;
  /** After a service that was ready has ended. */
  cleanUp?(): Promise<void>;
}

export async function runInForeground<S extends RunningService>(
  { output, signal }: Context,
  { what, start, sayReady, cleanUp }: Foreground<S>,
): Promise<void> {
  let failure: Error | undefined;
  const service = await start((line) => {
    // Its last words are said once, by whoever reports errors here.
    failure = serviceError(line);
    if (failure === undefined) output.notice(line);
  });
  if (typeof service === "number") {
    throw failure ?? new CliError("SERVICE_FAILED", `the ${what} ended with ${service}`);
  }
  signal.addEventListener("abort", () => void service.stop(), { once: true });
  if (signal.aborted) void service.stop();
  try {
    await sayReady(service);
    process.exitCode = await service.ended;
  } finally {
    await service.stop();
    await cleanUp?.();
  }
}
