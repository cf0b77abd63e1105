// The TCP side of the gRPC server: our own socket in front of grpc-js, for what grpc-js does not
// limit. A connection that never speaks is closed; too many are refused before they cost memory.
import { createServer, type Socket } from "node:net";
import type { ConnectionInjector } from "@grpc/grpc-js";
import {
  type Address,
  formatAddress,
  isLoopback,
  listenOn,
  RuntimeError,
} from "@strongroom/runtime";

export interface ListenerOptions {
  listen: Address;
  connectionsMax: number;
  /** How long a new connection may take to send the HTTP/2 preface. */
  prefaceMs: number;
  injector: ConnectionInjector;
  onRefusedConnection(): void;
}

export interface Listener {
  readonly address: Address;
  readonly connections: number;
  /** Takes no new connections; those there stay. */
  stopAccepting(): void;
}

const prefaceBytes = 24;

/** Throws ADDRESS_REFUSED off loopback: tokens must not travel in clear. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  if (!isLoopback(options.listen.host)) refuseAddress(options.listen);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    closeIfSilent(socket, options.prefaceMs);
    options.injector.injectConnection(socket);
  });
  server.maxConnections = options.connectionsMax;
  server.on("drop", () => options.onRefusedConnection());
  const address = await listenOn(server, options.listen);
  // "localhost" is whatever the machine's hosts file says.
  if (!isLoopback(address.host)) {
    server.close();
    refuseAddress(address);
  }
  return {
    address,
    get connections() {
      return sockets.size;
    },
    stopAccepting: () => void server.close(),
  };
}

function refuseAddress(address: Address): never {
  const where = formatAddress(address);
  const message = `listen on ${where}: plain text gRPC is served on loopback only`;
  throw new RuntimeError("ADDRESS_REFUSED", message);
}

function closeIfSilent(socket: Socket, prefaceMs: number): void {
  const timer = setTimeout(() => {
    if (socket.bytesRead < prefaceBytes) socket.destroy();
  }, prefaceMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  socket.on("error", () => {});
}
