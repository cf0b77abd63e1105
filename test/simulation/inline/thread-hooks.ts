// Module hooks that let a whole store run in one isolate. Its thread modules then get their own
// instance per thread (`?thread=<n>`), and what they and the store import of node:worker_threads
// comes from worker-threads.ts. Nothing else of the store is touched.
import type { LoadHook, ResolveHook } from "node:module";

const STORE = "/packages/store/dist/";
const CHANNEL = `${STORE}threads/channel.js`;
const SHIM = new URL("./worker-threads.js", import.meta.url).href;
const SERVE = new URL("./serve-thread.js", import.meta.url).href;

export const resolve: ResolveHook = async (specifier, context, next) => {
  const parent = context.parentURL ?? "";
  if (specifier === "node:worker_threads" && parent.includes(STORE)) {
    return { url: SHIM, shortCircuit: true };
  }
  const resolved = await next(specifier, context);
  const thread = /-thread\.js(\?thread=\d+)$/.exec(parent)?.[1];
  if (thread && resolved.url.endsWith(CHANNEL)) return { ...resolved, url: resolved.url + thread };
  return resolved;
};

/** A thread's channel is the store's own but for the two functions that speak to its port. */
export const load: LoadHook = async (url, context, next) => {
  const thread = /channel\.js\?thread=(\d+)$/.exec(url)?.[1];
  if (!thread) return next(url, context);
  const channel = JSON.stringify(url.replace(/\?.*$/, ""));
  const source = `
    export * from ${channel};
    import { Transfer, toWire } from ${channel};
    import { emitter, server } from ${JSON.stringify(SERVE)};
    export const serveThread = server(${thread}, { Transfer, toWire });
    export const emitEvent = emitter(${thread});
  `;
  return { format: "module", source, shortCircuit: true };
};
