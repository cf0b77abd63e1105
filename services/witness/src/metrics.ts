// What the witness counts. Labels come from closed sets: strangers can send any origin.
import type { Counter, Metrics } from "@strongroom/runtime";

export interface WitnessMetrics {
  readonly answers: Counter<"status">;
  readonly forks: Counter;
  readonly errors: Counter<"code">;
}

export function createWitnessMetrics(
  metrics: Metrics,
  state: { logs(): number; lastCosignedS(): number },
): WitnessMetrics {
  metrics.gauge("strongroom_witness_logs", "Logs that it knows.", state.logs);
  metrics.gauge(
    "strongroom_witness_last_cosigned_seconds",
    "Unix time of the last cosignature since the start; 0 before it.",
    state.lastCosignedS,
  );
  return {
    answers: metrics.counter("strongroom_witness_answers_total", "Answers, by HTTP status.", [
      "status",
    ]),
    forks: metrics.counter(
      "strongroom_witness_forks_total",
      "Signed checkpoints with another root at the size that was cosigned.",
    ),
    errors: metrics.counter("strongroom_witness_errors_total", "Requests that failed inside.", [
      "code",
    ]),
  };
}
