// grpc.health.v1 over the process's readiness; the whole server has one state.
import {
  type Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@strongroom/proto/grpc/health/v1/health";
import type { Readiness } from "@strongroom/runtime";
import { StoreError } from "@strongroom/store";
import type { Call, HandlersOf } from "./adapter.ts";
import { orAborted } from "./streams.ts";

export function healthHandlers(
  readiness: Readiness,
  services: readonly string[],
): HandlersOf<typeof Health> {
  const names = new Set(["", ...services]);
  const changes = new Set<() => void>();
  readiness.onChange(() => {
    for (const wake of changes) wake();
  });
  const servingStatus = (): ServingStatus =>
    readiness.ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;

  return {
    check(request) {
      if (names.has(request.service)) return { status: servingStatus() };
      throw new StoreError("NOT_FOUND", "check health: no such service here");
    },
    async *watch(request, call: Call) {
      // An unknown service is not an error on a watch: it might come to be served.
      const current = (): ServingStatus =>
        names.has(request.service) ? servingStatus() : ServingStatus.SERVICE_UNKNOWN;
      let sent: ServingStatus | undefined;
      while (!call.signal.aborted) {
        if (current() !== sent) {
          sent = current();
          yield { status: sent };
        }
        await nextChange(changes, call.signal);
      }
    },
  };
}

async function nextChange(changes: Set<() => void>, signal: AbortSignal): Promise<void> {
  let wake = (): void => {};
  const changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  changes.add(wake);
  try {
    await orAborted(changed, signal);
  } finally {
    changes.delete(wake);
  }
}
