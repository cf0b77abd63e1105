// From an operator's settings to a target that works.
import { AttestorError } from "../errors.ts";
import type { AttestationTarget, TargetParts } from "./target.ts";
import type { TargetSettings } from "./target-settings.ts";

/** Throws TARGET_INVALID when the settings name what is not there. */
export async function createTarget(
  settings: TargetSettings,
  _parts: TargetParts,
): Promise<AttestationTarget> {
  switch (settings.kind) {
    case "rekor":
    case "witness":
    case "file":
      throw new AttestorError("TARGET_INVALID", `make target ${settings.name}: not built yet`);
  }
}
