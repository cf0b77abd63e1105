// The signed notes behind a verdict, as files beside the state file.
import { replaceFile, type VerdictCode } from "./state-file.ts";
import type { Seen } from "./unsettled-notes.ts";

export interface Finding {
  readonly code: VerdictCode;
  readonly detectedAt: string;
  /** The note that we hold; pinned, or seen and not yet pinned. */
  readonly pinned: Seen | undefined;
  readonly offered: Seen | undefined;
}

/** Writes both notes, and pushes the path of each onto `evidence` once it is durable. */
export async function writeEvidence(
  statePath: string,
  finding: Finding,
  evidence: string[],
): Promise<void> {
  const { code, detectedAt, pinned, offered } = finding;
  const stem = `${statePath}.${code.toLowerCase()}-${detectedAt.replaceAll(/[:.]/g, "")}`;
  for (const [name, seen] of Object.entries({ pinned, offered })) {
    if (seen === undefined) continue;
    await replaceFile(`${stem}.${name}.note`, seen.note);
    evidence.push(`${stem}.${name}.note`);
  }
}

export function describeFinding({ code, pinned, offered }: Finding): string {
  const ours = pinned === undefined ? "the pinned note" : `the pinned note of size ${pinned.size}`;
  const theirs = offered === undefined ? "the server's head" : `size ${offered.size}`;
  return code === "ROLLBACK_DETECTED"
    ? `the server is at ${theirs}, behind ${ours}`
    : `the server's log at ${theirs} does not contain ${ours}`;
}
