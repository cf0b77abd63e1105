/** Why the attestor cannot start. What a target says is never an error of ours: it is a result. */
export const attestorErrorCodes = [
  "SIGNING_KEY_INVALID",
  "SIGNING_KEY_UNAVAILABLE",
  "SIGNING_KEY_WRONG_WRAP",
  "TARGET_INVALID",
] as const;
export type AttestorErrorCode = (typeof attestorErrorCodes)[number];

export class AttestorError extends Error {
  override readonly name = "AttestorError";
  readonly code: AttestorErrorCode;

  constructor(code: AttestorErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
