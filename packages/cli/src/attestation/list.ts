// Attestations: what each target says of which checkpoint, and what waits.
import { toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type AttestationStateName, attestationStates } from "@strongroom/client";
import {
  type Attestation,
  AttestationSchema,
  AttestationState,
  FailureClass,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import type { TargetStatus } from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { table } from "../output.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";

interface ListFlags {
  readonly state?: readonly string[];
  readonly target?: string;
  readonly limit?: string;
}

const HEADING = ["ID", "TARGET", "STATE", "SIZE", "AGE", "ATTEMPTS", "LOG INDEX", "LAST ERROR"];

export const attestationListVerb: Verb<ListFlags> = async (context, _args, flags) => {
  const { output } = context;
  const { target } = flags;
  const states = (flags.state ?? []).map(parseState);
  const limit = Number(parseCount("--limit", flags.limit ?? "50"));
  await withClient(context, async (client) => {
    const rows: string[][] = [];
    for await (const one of client.attestations.list({ states, target, limit })) {
      if (output.json) await output.document(toJson(AttestationSchema, one));
      rows.push(rowOf(one));
    }
    await output.lines(...table(HEADING, rows));
    if (output.json) return;
    const targets = await client.attestations.targets();
    await output.lines("", ...table(TARGET_HEADING, targets.map(targetRow)));
  });
};

export function rowOf(attestation: Attestation): string[] {
  const { id, target, treeSize, attempts, lastError, lastFailure } = attestation;
  const failure = lastFailure === 0 ? "" : `${nameOf(FailureClass[lastFailure])}: ${lastError}`;
  return [
    id,
    target,
    nameOf(AttestationState[attestation.state]),
    String(treeSize),
    ageOf(attestation),
    String(attempts),
    attestation.logId === "" ? "" : String(attestation.logIndex),
    failure,
  ];
}

const TARGET_HEADING = ["TARGET", "ATTESTED", "LAG", "PENDING", "OLDEST", "PARKED"];

function targetRow(status: TargetStatus): string[] {
  const { name, attestedSize, lag, pending, oldestPendingSeconds, parked } = status;
  const oldest = pending === 0n ? "" : duration(Number(oldestPendingSeconds));
  return [name, String(attestedSize), String(lag), String(pending), oldest, String(parked)];
}

function ageOf({ createdAt }: Attestation): string {
  if (createdAt === undefined) return "";
  return duration(Math.max(0, Math.floor((Date.now() - timestampMs(createdAt)) / 1000)));
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.floor(seconds / 3600)} h`
    : `${Math.floor(seconds / 86_400)} d`;
}

function nameOf(name: string | undefined): string {
  return (name ?? "").toLowerCase().replaceAll("_", "-");
}

function parseState(text: string): AttestationStateName {
  const state = attestationStates.find((name) => name === text);
  if (state === undefined) {
    throw new CliError("USAGE", `--state takes ${attestationStates.join(", ")}`);
  }
  return state;
}
