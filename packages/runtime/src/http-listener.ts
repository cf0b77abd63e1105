// Limits that every small HTTP listener of ours shares, and how it starts and stops.
import type { Server } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { type Address, formatAddress } from "./address.ts";
import { RuntimeError } from "./errors.ts";

/** Listens with short timeouts. Throws LISTEN_FAILED. */
export async function listenHttp(server: Server, listen: Address): Promise<Address> {
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 5_000;
  server.maxHeadersCount = 64;
  return await listenOn(server, listen);
}

/** Listens and says where; port 0 becomes the port taken. Throws LISTEN_FAILED. */
export async function listenOn(server: NetServer, listen: Address): Promise<Address> {
  return await new Promise<Address>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const message = `listen on ${formatAddress(listen)}: ${cause.code ?? "failed"}`;
      reject(new RuntimeError("LISTEN_FAILED", message, { cause }));
    };
    server.once("error", onError);
    server.listen({ host: listen.host, port: listen.port }, () => {
      server.off("error", onError);
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port });
    });
  });
}

/** Stops listening, lets answers in flight finish, drops idle connections. */
export async function closeHttpServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), 2_000);
  await closed;
  clearTimeout(force);
}
