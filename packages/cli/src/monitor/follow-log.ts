// One look at one transparency log: its checkpoint is signed and extends the last one that we saw,
// and every entry since then was looked at.
import { followV1 } from "./follow-v1.ts";
import { followV2 } from "./follow-v2.ts";
import type { FollowedLog, Progress } from "./followed-log.ts";
import type { LogState } from "./monitor-state.ts";

/** Throws VerificationError for a log that does not extend what we saw, TREE_UNAVAILABLE. */
export function followLog(log: FollowedLog, last: LogState | undefined): Promise<Progress> {
  return log.version === 1 ? followV1(log, last) : followV2(log, last);
}
