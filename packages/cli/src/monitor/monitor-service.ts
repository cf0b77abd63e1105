// The monitor as a service: a round every so often, metrics and probes beside it. It goes on
// whatever it finds; alarms are metrics, and one line each time that they change.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AdminServer,
  createMetrics,
  type Metrics,
  parseAddress,
  Readiness,
  startAdminServer,
} from "@strongroom/runtime";
import type { Context } from "../context.ts";
import type { LogReport, Round } from "./look.ts";

interface ServiceOptions {
  readonly everyMs: number;
  /** host:port of metrics and probes; none without it. */
  readonly listen: string | undefined;
  readonly once: () => Promise<Round>;
}

/** Until the context's signal aborts. */
export async function serveMonitor(context: Context, options: ServiceOptions): Promise<void> {
  const { output, signal } = context;
  const readiness = new Readiness(["round"]);
  const status: Status = { reports: [], lastSuccessMs: 0, failures: 0 };
  const admin = await openAdmin(options.listen, readiness, metricsOf(status));
  const address = admin && `${admin.address.host}:${admin.address.port}`;
  if (output.json) await output.document({ ready: true, pid: process.pid, admin: address });
  else output.notice(`monitoring${address === undefined ? "" : `; metrics on http://${address}`}`);
  let said = "";
  try {
    while (!signal.aborted) {
      try {
        status.reports = (await options.once()).reports;
        status.lastSuccessMs = Date.now();
        readiness.meet("round");
      } catch (cause) {
        status.failures++;
        const message = cause instanceof Error ? cause.message : String(cause);
        readiness.fail("round", message);
        output.notice(`the round failed: ${message}`);
      }
      const alarms = status.reports.flatMap(({ log, alarms }) => {
        return alarms.map(({ code, message }) => ({ log, code, message }));
      });
      const line = JSON.stringify(alarms.map(({ log, code }) => [log, code]));
      if (line !== said && output.json) await output.document({ alarms, logs: status.reports });
      else if (line !== said) for (const { log, code } of alarms) output.notice(`${log}: ${code}`);
      said = line;
      await sleep(options.everyMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    await admin?.close();
  }
}

interface Status {
  reports: readonly LogReport[];
  lastSuccessMs: number;
  failures: number;
}

function metricsOf(status: Status): Metrics {
  const metrics = createMetrics();
  const by = (name: string, help: string, read: (report: LogReport) => number) =>
    metrics.gaugeBy(`strongroom_monitor_${name}`, help, "log", () =>
      status.reports.map((report) => [report.log, read(report)] as const),
    );
  by("log_size", "Entries of the transparency log that were looked at.", ({ size }) =>
    Number(size),
  );
  by("attested_size", "Largest tree size of ours that the log attests.", (report) =>
    Number(report.attestedSize),
  );
  by(
    "foreign_entries",
    "Entries under our key over no note of ours.",
    ({ foreign }) => foreign.length,
  );
  by(
    "waiting_seconds",
    "How long the oldest checkpoint beyond that has waited.",
    (report) => report.waitingSeconds,
  );
  by("alarms", "Alarms of the last round.", ({ alarms }) => alarms.length);
  metrics.gauge(
    "strongroom_monitor_last_success_seconds",
    "Unix time of the last complete round.",
    () => status.lastSuccessMs / 1000,
  );
  metrics.gauge("strongroom_monitor_failed_rounds", "Rounds that failed.", () => status.failures);
  return metrics;
}

async function openAdmin(
  listen: string | undefined,
  readiness: Readiness,
  metrics: Metrics,
): Promise<AdminServer | undefined> {
  if (listen === undefined) return undefined;
  return await startAdminServer({ listen: parseAddress(listen), readiness, metrics });
}
