// The storage service as a child process.
import { once } from "node:events";
import { createServer } from "node:net";
import { formatAddress, parseAddress } from "@strongroom/runtime";
import { type ServiceChild, type ServiceOptions, startService } from "./service-child.ts";

export interface StorageOptions extends Pick<ServiceOptions, "stderr"> {
  readonly store: string;
  readonly key: string;
  readonly listen: string;
  readonly adminListen: string;
  readonly tilesListen?: string | undefined;
  readonly textSearch?: boolean;
  readonly checkpointIntervalMs?: number;
}

interface StorageReady {
  readonly pid: number;
  readonly addresses: { readonly grpc: string; readonly admin: string; readonly tiles?: string };
}

export type StorageChild = ServiceChild<StorageReady & { addresses: Record<string, string> }>;

/** Resolves when the service answers; to an exit code if it ended before that. */
export function startStorage(options: StorageOptions): Promise<StorageChild | number> {
  return startService({ name: "storage", flags: flagsOf(options), stderr: options.stderr });
}

/** The address itself if nobody listens there, else the same host with any free port. */
export async function freeAddress(address: string): Promise<string> {
  const { host, port } = parseAddress(address);
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, "listening");
    return address;
  } catch {
    return formatAddress({ host, port: 0 });
  } finally {
    probe.close();
  }
}

function flagsOf(options: StorageOptions): string[] {
  const { tilesListen, textSearch, checkpointIntervalMs: intervalMs } = options;
  return [
    ...["--store", options.store, "--key", options.key],
    ...["--server-listen", options.listen, "--admin-listen", options.adminListen],
    ...(tilesListen === undefined ? [] : ["--tiles-listen", tilesListen]),
    ...(textSearch ? ["--text-search"] : []),
    ...(intervalMs === undefined ? [] : ["--checkpoint-interval-ms", String(intervalMs)]),
  ];
}
