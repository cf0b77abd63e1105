// A Rekor to test against, version 1 or 2, on real sockets of loopback: a real tree, real
// checkpoints, real promises, and faults on demand. In this process, or as a program (main.ts).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, type FaultOptions, FaultPlan } from "./faults.ts";
import type { RekorVersion } from "./log-key.ts";
import { RekorLog } from "./rekor-log.ts";
import type { Reply, Request } from "./reply.ts";
import { routeV1 } from "./routes-v1.ts";
import { readV2, writeV2 } from "./routes-v2.ts";

export interface RekorOptions {
  /** Default 2. */
  readonly version?: RekorVersion;
  /** Names the log in checkpoints and trusted root; default `rekor.test`. */
  readonly hostname?: string;
  /** How often entries are published; default 0: each at once. */
  readonly checkpointIntervalMs?: number;
  /** PKCS#8 PEM of the log's key; default: a new one. */
  readonly privateKeyPem?: string;
  /** Seconds; the clock of version 1. */
  readonly nowS?: () => number;
  /** For a program that needs known ports; default: free ones. */
  readonly port?: number;
  readonly readPort?: number;
}

export interface Rekor {
  readonly version: RekorVersion;
  /** Where entries are submitted: `http://127.0.0.1:N`. */
  readonly url: string;
  /** Where `/checkpoint` and `/tile/…` are (version 2), or the same as `url` (version 1). */
  readonly readUrl: string;
  /** Sigstore TrustedRoot, JSON. */
  readonly trustedRoot: Uint8Array;
  /** Its leaves and checkpoints, to look at or to add foreign entries to. */
  readonly log: RekorLog;
  /** Submissions that came in, whatever became of them. */
  readonly submissions: number;
  fault(fault: Fault, options?: FaultOptions): void;
  clearFaults(): void;
  /** Refuses connections until `up`; what was on the way is broken off. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Down and up on the same ports; the newest `forget` entries are no duplicates any more. */
  restart(options?: { readonly forget?: number }): Promise<void>;
  close(): Promise<void>;
}

export async function startRekor(options: RekorOptions = {}): Promise<Rekor> {
  const rekor = new RunningRekor(options);
  await rekor.up();
  return rekor;
}

class RunningRekor implements Rekor {
  readonly version: RekorVersion;
  readonly log: RekorLog;
  submissions = 0;
  readonly #faults = new FaultPlan();
  #ports: { write: number; read: number };
  #servers: Server[] = [];

  constructor(options: RekorOptions) {
    const { version = 2, hostname = "rekor.test", checkpointIntervalMs = 0 } = options;
    this.version = version;
    this.log = new RekorLog({
      version,
      hostname,
      checkpointIntervalMs,
      ...(options.privateKeyPem !== undefined && { privateKeyPem: options.privateKeyPem }),
      ...(options.nowS !== undefined && { nowS: options.nowS }),
    });
    this.#ports = { write: options.port ?? 0, read: options.readPort ?? 0 };
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.write}`;
  }

  get readUrl(): string {
    return this.version === 1 ? this.url : `http://127.0.0.1:${this.#ports.read}/api/v2`;
  }

  get trustedRoot(): Uint8Array {
    return this.log.key.trustedRoot();
  }

  fault(fault: Fault, options: FaultOptions = {}): void {
    this.#faults.add(fault, options);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  async up(): Promise<void> {
    const write = await this.#listen(this.#ports.write, (request) => this.#write(request));
    const read =
      this.version === 1
        ? write
        : await this.#listen(this.#ports.read, (request) => this.#read(request));
    this.#ports = { write, read };
  }

  async down(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    const closed = servers.map((server) => new Promise((done) => server.close(done)));
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  async restart({ forget = 0 }: { readonly forget?: number } = {}): Promise<void> {
    await this.down();
    this.log.forgetDuplicates(forget);
    this.log.publish();
    await this.up();
  }

  close(): Promise<void> {
    return this.down();
  }

  async #listen(port: number, answer: Answer): Promise<number> {
    const server = createServer((request, response) => {
      serve(request, response, answer).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  async #write(request: Request): Promise<Reply | "break"> {
    const isSubmission = request.method === "POST" && request.path.endsWith("/log/entries");
    if (isSubmission) this.submissions++;
    const fault = this.#faults.take(isSubmission ? "submit" : "read");
    const early = await replyBefore(fault);
    if (early) return early;
    const route = this.version === 1 ? routeV1 : writeV2;
    const reply = await route(this.log, request, fault);
    return fault?.kind === "reset" ? "break" : reply;
  }

  async #read(request: Request): Promise<Reply | "break"> {
    const fault = this.#faults.take("read");
    return (await replyBefore(fault)) ?? readV2(this.log, request, fault);
  }
}

type Answer = (request: Request) => Promise<Reply | "break">;

// Faults that do not look at the request.
async function replyBefore(fault: Fault | undefined): Promise<Reply | "break" | undefined> {
  if (fault?.kind === "refuse") return "break";
  if (fault?.kind === "status") {
    const { status, headers, body = "" } = fault;
    return { status, body, ...(headers && { headers }) };
  }
  if (fault?.kind === "garbage") return { status: 201, body: "<html>proxy</html>" };
  if (fault?.kind === "slow") await sleep(fault.ms);
  return undefined;
}

async function serve(request: IncomingMessage, response: ServerResponse, answer: Answer) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://rekor.invalid");
  const reply = await answer({
    method: request.method ?? "",
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks),
  });
  if (reply === "break") {
    request.socket.resetAndDestroy();
    return;
  }
  response.writeHead(reply.status, reply.headers).end(reply.body);
}
