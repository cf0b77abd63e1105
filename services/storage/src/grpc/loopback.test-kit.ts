// A gRPC server on loopback with our gate and adapter and a test's own handlers.
import type { DescService } from "@bufbuild/protobuf";
import { createLogger, createMetrics } from "@strongroom/runtime";
import { type Principal, StoreError } from "@strongroom/store";
import { CallLimits } from "../call-limits.ts";
import { Gate } from "../gate.ts";
import { OpenCalls } from "../open-calls.ts";
import { RawClient } from "../raw-client.test-kit.ts";
import { createGrpcServer, report, shutDownServer } from "../server.ts";
import { addService, type HandlersOf } from "./adapter.ts";
import { type ListenerOptions, openListener } from "./listener.ts";

export const everyRole: Principal = {
  name: "tester",
  roles: ["operator", "writer", "reader", "auditor"],
  scopes: ["*"],
  tokens: [],
};

export interface Loopback {
  client: RawClient;
  port: number;
  calls: OpenCalls;
  refusals: string[];
  /** May be edited while the server runs. */
  principals: Map<string, Principal>;
  close(): Promise<void>;
}

export async function startLoopback<S extends DescService>(
  service: S,
  handlers: HandlersOf<S>,
  options: Partial<Pick<ListenerOptions, "connectionsMax" | "prefaceMs">> & { units?: number } = {},
): Promise<Loopback> {
  const principals = new Map([["good", everyRole]]);
  const refusals: string[] = [];
  const units = options.units ?? 64;
  const gate = new Gate({
    authenticate: (token) => principals.get(token),
    limits: new CallLimits({ serverMax: units, principalMax: units }),
    countRefusal: (_by, _method, reason) => void refusals.push(reason),
  });
  const grpc = createGrpcServer({ gate, streamsPerConnectionMax: 64, connectionIdleMs: 60_000 });
  const metrics = createMetrics({ processMetrics: false });
  const calls = new OpenCalls({
    admissions: grpc.admissions,
    metrics: {
      rpcSeconds: metrics.histogram("seconds", "s", { labels: ["method"], buckets: [1] }),
      rpcErrors: metrics.counter("errors", "e", ["method", "reason"]),
    },
    logger: createLogger({ name: "test", level: "silent" }),
    confirmMs: 20,
  });
  addService(grpc.server, service, handlers, {
    open: (method, call) => calls.open(method, call),
    report,
  });
  const listener = await openListener({
    listen: { host: "127.0.0.1", port: 0 },
    connectionsMax: options.connectionsMax ?? 16,
    prefaceMs: options.prefaceMs ?? 5_000,
    injector: grpc.server.createConnectionInjector(grpc.credentials),
    onRefusedConnection: () => void refusals.push("CONNECTION"),
  });
  const client = new RawClient(listener.address, "good");
  const close = async (): Promise<void> => {
    client.close();
    listener.stopAccepting();
    calls.endAll(new StoreError("UNAVAILABLE", "test ends"));
    await shutDownServer(grpc.server, 1_000);
    calls.close();
  };
  return { client, port: listener.address.port, calls, refusals, principals, close };
}
