// Runs the storage service in the foreground: its log on stderr, its exit code ours.
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { type FolderFlags, folderOf } from "../store/folder.ts";
import { removeRunFile, writeRunFile } from "./run-file.ts";
import { serviceError } from "./service-child.ts";
import { startStorage } from "./storage-child.ts";

interface ServeFlags extends FolderFlags {
  readonly listen?: string;
  readonly adminListen?: string;
  readonly tilesListen?: string;
}

export const serveVerb: Verb<ServeFlags> = async (context, _args, flags) => {
  const { output, settings, signal } = context;
  const { store, key } = await folderOf(settings, flags);
  let failure: Error | undefined;
  const service = await startStorage({
    store,
    key,
    listen: flags.listen ?? "127.0.0.1:7443",
    adminListen: flags.adminListen ?? "127.0.0.1:7480",
    tilesListen: flags.tilesListen,
    stderr: (line) => {
      // Its last words are said once, by whoever reports errors here.
      failure = serviceError(line);
      if (failure === undefined) output.notice(line);
    },
  });
  if (typeof service === "number") {
    throw failure ?? new CliError("SERVICE_FAILED", `the storage service ended with ${service}`);
  }
  const { addresses, pid, ended } = service;
  signal.addEventListener("abort", () => void service.stop(), { once: true });
  if (signal.aborted) void service.stop();
  try {
    await writeRunFile(settings.data, { pid, startedAt: new Date().toISOString(), addresses });
    if (output.json) await output.document({ ready: true, pid, addresses });
    else output.notice(`serving ${store} on ${addresses.grpc}`);
    process.exitCode = await ended;
  } finally {
    await service.stop();
    await removeRunFile(settings.data);
  }
};
