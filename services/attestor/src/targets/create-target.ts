// From an operator's settings to a target that works.
import { createFileTarget } from "./file-target.ts";
import { createRekorTarget } from "./rekor/rekor-target.ts";
import type { AttestationTarget, TargetParts } from "./target.ts";
import type { TargetSettings } from "./target-settings.ts";
import { createWitnessTarget } from "./witness-target.ts";

/** Throws TARGET_INVALID when the settings name what is not there. */
export async function createTarget(
  settings: TargetSettings,
  parts: TargetParts,
): Promise<AttestationTarget> {
  switch (settings.kind) {
    case "rekor":
      return await createRekorTarget(settings, parts);
    case "witness":
      return createWitnessTarget(settings, parts);
    case "file":
      return createFileTarget(settings, parts);
  }
}
