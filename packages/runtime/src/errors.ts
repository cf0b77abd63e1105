/** Why a process cannot start or keep its promises to the machine it runs on. */
export const runtimeErrorCodes = [
  "CONFIG_INVALID",
  "CONFIG_FILE_UNREADABLE",
  "ADDRESS_INVALID",
  "ADDRESS_REFUSED",
  "LISTEN_FAILED",
  "REDIS_UNSUITABLE",
  "JOBS_MISSING",
] as const;
export type RuntimeErrorCode = (typeof runtimeErrorCodes)[number];

export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
