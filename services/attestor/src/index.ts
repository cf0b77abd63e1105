export type {
  AttestationTarget,
  FailureClass,
  SigningKey,
  StoredRequest,
  TargetFailure,
  TargetParts,
  TargetResult,
  TargetWork,
} from "./targets/target.ts";
export type { FileSettings, RekorSettings, WitnessSettings } from "./targets/target-settings.ts";
