// Probes and metrics for the machine's own supervisor. No authentication, so it listens on
// loopback by default, and it refuses foreign Host headers: a web page in an operator's browser
// must not reach it by DNS rebinding.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Address, isLoopback } from "./address.ts";
import { closeHttpServer, listenHttp } from "./http-listener.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

export interface AdminServerOptions {
  listen: Address;
  readiness: Readiness;
  metrics: Metrics;
  /** Host names allowed in the Host header besides those of loopback. */
  hosts?: readonly string[];
}

export interface AdminServer {
  readonly address: Address;
  close(): Promise<void>;
}

export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch(() => response.destroy());
  });
  server.maxConnections = 64;
  const address = await listenHttp(server, options.listen);
  return { address, close: () => closeHttpServer(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminServerOptions,
): Promise<void> {
  if (!isOwnHost(request.headers.host, options)) return send(response, 421, "foreign host\n");
  if (request.method !== "GET" && request.method !== "HEAD") {
    return send(response, 405, "method not allowed\n");
  }
  switch (request.url?.split("?", 1)[0]) {
    case "/livez":
      return send(response, 200, "ok\n");
    case "/readyz":
      return sendReadiness(response, options.readiness);
    case "/metrics":
      return send(response, 200, await options.metrics.render(), options.metrics.contentType);
    default:
      return send(response, 404, "not found\n");
  }
}

function isOwnHost(header: string | undefined, options: AdminServerOptions): boolean {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?$/.exec(header ?? "");
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (host === undefined) return false;
  return isLoopback(host) || (options.hosts ?? []).includes(host);
}

function sendReadiness(response: ServerResponse, readiness: Readiness): void {
  const { ready, reasons, notes } = readiness;
  const body = `${JSON.stringify({ ready, reasons, ...notes })}\n`;
  send(response, ready ? 200 : 503, body, "application/json");
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
