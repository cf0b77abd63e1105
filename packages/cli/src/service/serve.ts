// Runs the storage service in the foreground: its log on stderr, its exit code ours.
import type { Verb } from "../context.ts";
import { type FolderFlags, folderOf } from "../store/folder.ts";
import { runInForeground } from "./foreground.ts";
import { removeRunFile, writeRunFile } from "./run-file.ts";
import { startStorage } from "./storage-child.ts";

interface ServeFlags extends FolderFlags {
  readonly listen?: string;
  readonly adminListen?: string;
  readonly tilesListen?: string;
}

export const serveVerb: Verb<ServeFlags> = async (context, _args, flags) => {
  const { output, settings } = context;
  const { store, key } = await folderOf(settings, flags);
  await runInForeground(context, {
    what: "storage service",
    start: (stderr) =>
      startStorage({
        store,
        key,
        listen: flags.listen ?? "127.0.0.1:7443",
        adminListen: flags.adminListen ?? "127.0.0.1:7480",
        tilesListen: flags.tilesListen,
        stderr,
      }),
    sayReady: async ({ addresses, pid }) => {
      await writeRunFile(settings.data, { pid, startedAt: new Date().toISOString(), addresses });
      if (output.json) await output.document({ ready: true, pid, addresses });
      else output.notice(`serving ${store} on ${addresses.grpc}`);
    },
    cleanUp: () => removeRunFile(settings.data),
  });
};
