// What an operator is told: how much waits and since when, by target, and how attempts end.
import type { TargetStatus } from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import type { Counter, Metrics } from "@strongroom/runtime";

export interface AttestorMetrics {
  readonly attempts: Counter<"target" | "outcome">;
}

/** `read` gives what the store last said. */
export function createAttestorMetrics(
  metrics: Metrics,
  read: () => readonly TargetStatus[],
): AttestorMetrics {
  const gauge = (name: string, help: string, value: (target: TargetStatus) => bigint) =>
    metrics.gaugeBy(`strongroom_attestor_${name}`, help, "target", () =>
      read().map((target) => [target.name, Number(value(target))] as const),
    );
  gauge("pending", "Checkpoints that wait or are on their way.", ({ pending }) => pending);
  gauge("parked", "Checkpoints that wait for an operator.", ({ parked }) => parked);
  gauge(
    "oldest_pending_seconds",
    "Age of the oldest that waits.",
    ({ oldestPendingSeconds }) => oldestPendingSeconds,
  );
  gauge(
    "last_success_timestamp_seconds",
    "When the target last attested, unix seconds; 0 if never.",
    ({ lastSuccessSeconds }) => lastSuccessSeconds,
  );
  gauge("lag_entries", "Entries that the target does not attest yet.", ({ lag }) => lag);
  return {
    attempts: metrics.counter("strongroom_attestor_attempts_total", "Attempts by their outcome.", [
      "target",
      "outcome",
    ]),
  };
}
