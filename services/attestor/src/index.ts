export { type AttestorErrorCode, attestorErrorCodes } from "./errors.ts";
export { createTarget } from "./targets/create-target.ts";
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
export type { TargetSettings } from "./targets/target-settings.ts";
