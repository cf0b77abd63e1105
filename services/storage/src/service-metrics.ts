// What the service counts. Labels come from closed sets, or are capped: a stranger must not be
// able to fill the memory with names.
import { type Counter, type Histogram, latencyBucketsS, type Metrics } from "@strongroom/runtime";
import type { Store, TargetStatus } from "@strongroom/store";
import { oldestSeconds } from "./attestation/target-status.ts";

const refusingNamesMax = 200;

export interface ServiceMetrics {
  readonly facts: Counter<"outcome">;
  readonly rpcSeconds: Histogram<"method">;
  readonly rpcErrors: Counter<"method" | "reason">;
  readonly connectionsRefused: Counter;
  readonly attestationFailures: Counter<"failure">;
  countRefusal(by: string, method: string, reason: string): void;
}

export interface Gauges {
  connections(): number;
  callUnits(): number;
}

export function createServiceMetrics(
  metrics: Metrics,
  store: Store,
  gauges: Gauges,
): ServiceMetrics {
  const refused = metrics.counter(
    "strongroom_refused_calls_total",
    "Calls that the gate refused, by principal or source network.",
    ["by", "method", "reason"],
  );
  const names = new Set<string>();
  measureStore(metrics, store);
  measureAttestations(metrics, store);
  metrics.gauge("strongroom_connections", "Open gRPC connections.", gauges.connections);
  metrics.gauge("strongroom_call_units", "Units of the call limits in use.", gauges.callUnits);
  return {
    facts: metrics.counter("strongroom_facts_total", "Facts offered for appending.", ["outcome"]),
    rpcSeconds: metrics.histogram("strongroom_rpc_seconds", "Duration of calls.", {
      labels: ["method"],
      buckets: latencyBucketsS,
    }),
    rpcErrors: metrics.counter("strongroom_rpc_errors_total", "Calls that failed.", [
      "method",
      "reason",
    ]),
    connectionsRefused: metrics.counter(
      "strongroom_refused_connections_total",
      "Connections refused because there were too many.",
    ),
    attestationFailures: metrics.counter(
      "strongroom_attestation_failures_total",
      "Attempts to attest a checkpoint that failed, by class.",
      ["failure"],
    ),
    countRefusal(by, method, reason) {
      if (names.size < refusingNamesMax) names.add(by);
      refused.inc({ by: names.has(by) ? by : "other", method, reason });
    },
  };
}

function measureStore(metrics: Metrics, store: Store): void {
  const commits = metrics.histogram(
    "strongroom_commit_entries",
    "Entries that one signed head added to the one before it.",
    { buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] },
  );
  let size = store.head().size;
  store.on("head", (head) => {
    if (head.size > size) commits.observe(head.size - size);
    size = head.size;
  });
  metrics.gauge("strongroom_tree_size", "Entries in the log.", () => store.head().size);
  metrics.gauge(
    "strongroom_index_lag_entries",
    "Entries that the index is behind the log.",
    () => store.status().indexLag,
  );
  metrics.gauge(
    "strongroom_open_alarms",
    "Alarms that are not cleared.",
    () => store.status().openAlarms,
  );
  metrics.gauge("strongroom_store_ready", "1 while the store takes appends.", () =>
    store.status().state === "ready" ? 1 : 0,
  );
}

function measureAttestations(metrics: Metrics, store: Store): void {
  const ofEach = (name: string, help: string, read: (target: TargetStatus) => number): void => {
    metrics.gaugeBy(`strongroom_attestation${name}`, help, "target", async () => {
      const targets = await readTargets(store);
      return targets.map((target) => [target.name, read(target)] as const);
    });
  };
  ofEach("s_pending", "Attestations that are pending or sent.", (one) => one.pending);
  ofEach("_oldest_pending_seconds", "Age of the oldest of them.", (one) => oldestSeconds([one]));
  ofEach("s_parked", "Attestations that wait for an operator.", (one) => one.parked);
  ofEach("_lag_entries", "Entries behind the newest stored checkpoint.", (one) => one.lag);
  ofEach("_last_success_seconds", "Unix seconds of the last success, 0 if none.", (one) =>
    Math.floor((one.lastSuccessMs ?? 0) / 1000),
  );
}

/** A store that cannot answer has no targets to tell of; that it cannot shows elsewhere. */
function readTargets(store: Store): Promise<TargetStatus[]> {
  return store.attestations.status().catch(() => []);
}
