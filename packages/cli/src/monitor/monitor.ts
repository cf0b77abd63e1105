// Follows a store and its transparency logs: once, or as a service. What it trusts comes from the
// policy file: the store's key, attestation keys, trusted roots, the age allowed.
import { dirname, resolve } from "node:path";
import type { Client } from "@strongroom/client";
import type { Policy } from "@strongroom/protocol";
import type { AttestationTrust } from "@strongroom/protocol/attestation";
import type { Context, Verb } from "../context.ts";
import { CliError, ProofError } from "../errors.ts";
import { table } from "../output.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { readBytesFile } from "../settings.ts";
import { readPolicy } from "../trust-policy.ts";
import type { FollowedLog } from "./followed-log.ts";
import { openLogReader } from "./log-reader.ts";
import { type AlarmCode, type LogReport, look, type Round } from "./look.ts";
import { serveMonitor } from "./monitor-service.ts";
import { readMonitorState, writeMonitorState } from "./monitor-state.ts";
import { OwnNotes } from "./own-notes.ts";

interface MonitorFlags {
  readonly log?: readonly string[];
  readonly logV1?: readonly string[];
  readonly monitorState?: string;
  readonly fromIndex: string;
  readonly settle?: readonly string[];
  readonly every?: string;
  readonly adminListen?: string;
}

export const monitorVerb: Verb<MonitorFlags> = async (context, _args, flags) => {
  const { settings } = context;
  const policy = await readPolicy(settings);
  const logs = await openLogs(context, policy, flags);
  const path = flags.monitorState ?? resolve(settings.data, "monitor.json");
  const notes = new OwnNotes();
  const settled = (flags.settle ?? []).map((index) => String(parseCount("--settle", index)));
  const once = (client: Client) => async (): Promise<Round> => {
    const { maxAgeMs } = policy;
    const options = { logs, client, notes, maxAgeMs, settled, nowMs: Date.now() };
    const round = await look(options, await readMonitorState(path));
    await writeMonitorState(path, round.state);
    return round;
  };
  await withClient(context, async (client) => {
    if (flags.every === undefined) return sayOnce(context, await once(client)());
    const everyMs = Number(parseCount("--every", flags.every)) * 1000;
    await serveMonitor(context, { everyMs, listen: flags.adminListen, once: once(client) });
  });
};

async function openLogs(
  { settings }: Context,
  policy: Policy,
  flags: MonitorFlags,
): Promise<FollowedLog[]> {
  const { attestationKeys } = policy;
  if (attestationKeys.length === 0) {
    throw new CliError("USAGE", "name the attestation key in the policy: attestation-key");
  }
  const folder = dirname(settings.policyPath ?? ".");
  const files = policy.trustedRoots.map((name) => readBytesFile(resolve(folder, name)));
  const trust: AttestationTrust = { attestationKeys, trustedRoots: await Promise.all(files) };
  const fromIndex = parseCount("--from-index", flags.fromIndex);
  const follow = (version: 1 | 2) => (url: string) => {
    return { version, reader: openLogReader(url, settings.timeoutMs), trust, fromIndex };
  };
  const logs = [...(flags.log ?? []).map(follow(2)), ...(flags.logV1 ?? []).map(follow(1))];
  if (logs.length === 0) throw new CliError("USAGE", "name a log: --log or --log-v1");
  return logs;
}

async function sayOnce({ output }: Context, { reports }: Round): Promise<void> {
  const worst = worstOf(reports);
  if (worst !== undefined) throw worst;
  if (output.json) return output.document({ verdict: "verified", logs: reports });
  await output.lines(...tableOf(reports));
}

function tableOf(reports: readonly LogReport[]): string[] {
  const rows = reports.map((report) => [
    report.log,
    report.size,
    report.attestedSize,
    `${report.waitingSeconds} s`,
  ]);
  return table(["LOG", "SIZE", "ATTESTED", "WAITING"], rows);
}

const order: readonly AlarmCode[] = [
  "CONSISTENCY_MISMATCH",
  "ATTESTATION_FOREIGN",
  "ATTESTATION_OVERDUE",
  "TREE_UNAVAILABLE",
];

/** The gravest alarm of a round, with all of them beside it. */
function worstOf(reports: readonly LogReport[]): Error | undefined {
  const alarms = reports.flatMap(({ log, alarms }) => alarms.map((alarm) => ({ log, ...alarm })));
  const [worst] = order.flatMap((code) => alarms.filter((alarm) => alarm.code === code));
  if (worst === undefined) return undefined;
  const { code, log, message } = worst;
  const shown = { logs: reports };
  if (code === "CONSISTENCY_MISMATCH") return new ProofError(code, `${log}: ${message}`, { shown });
  return new CliError(code, `${log}: ${message}`, { shown });
}
