// From an operator's settings to a target that works.
import { AttestorError } from "../errors.ts";
import { createFileTarget } from "./file-target.ts";
import type { AttestationTarget, TargetParts } from "./target.ts";
import type { TargetSettings } from "./target-settings.ts";
import { createWitnessTarget } from "./witness-target.ts";

/** Throws TARGET_INVALID when the settings name what is not there. */
export async function createTarget(
  settings: TargetSettings,
  parts: TargetParts,
): Promise<AttestationTarget> {
  switch (settings.kind) {
    case "witness":
      return createWitnessTarget(settings, parts);
    case "file":
      return createFileTarget(settings, parts);
    case "rekor":
      throw new AttestorError("TARGET_INVALID", `make target ${settings.name}: not built yet`);
  }
}
