/** Why a witness does not start, or stops signing. Never softened: a witness that forgot what it
 * signed is worth less than one that is down. */
export const witnessErrorCodes = [
  "WITNESS_KEY_INVALID",
  "WITNESS_LOGS_INVALID",
  "WITNESS_STATE_DAMAGED",
  "WITNESS_STATE_FOREIGN",
  "WITNESS_STATE_MISSING",
  "WITNESS_STATE_UNWRITABLE",
] as const;
export type WitnessErrorCode = (typeof witnessErrorCodes)[number];

export class WitnessError extends Error {
  override readonly name = "WitnessError";
  readonly code: WitnessErrorCode;

  constructor(code: WitnessErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
