import { exitCodeOf } from "./exit-codes.js";
export const cliCodes = [
    "USAGE",
    "FILE_NOT_FOUND",
    "FILE_UNREADABLE",
    "FILE_EXISTS",
    "PLAINTEXT_REQUIRED",
    "CONFIRMATION_REQUIRED",
    "PROGRESS_MISMATCH",
    "LINES_REFUSED",
    "TILE_MISSING",
    "TREE_UNAVAILABLE",
    "CHECKS_FAILED",
    "SERVICE_FAILED",
    "NO_TOKEN",
    "KEY_MISSING",
    "ALREADY_RUNNING",
];
export class CliError extends Error {
    code;
    /** Members that a --json document shows beside the error. */
    shown;
    constructor(code, message, options = {}) {
        super(message, options.cause === undefined ? undefined : { cause: options.cause });
        this.name = "CliError";
        this.code = code;
        this.shown = options.shown ?? {};
    }
}
/** A failed proof: the verdict and what was proven before it. */
export class ProofError extends Error {
    code;
    proven;
    shown;
    constructor(code, message, options = {}) {
        super(message, options.cause === undefined ? undefined : { cause: options.cause });
        this.name = "ProofError";
        this.code = code;
        this.proven = options.proven ?? [];
        this.shown = options.shown ?? {};
    }
}
/** What to print and how to exit for anything that was thrown. */
export function failureOf(cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof ProofError) {
        const { code, proven, shown } = cause;
        const document = { verdict: code, proven, ...shown, error: { code, message } };
        return { code, message, exitCode: 5, document };
    }
    const { code, kind } = identify(cause);
    const shown = cause instanceof CliError ? cause.shown : evidenceOf(cause);
    const document = { ...shown, error: { code, message } };
    return { code, message, exitCode: exitCodeOf(code, kind), document };
}
/** Other workspaces' errors are known by name: importing their classes would load them all. */
const kindOfClass = {
    CliError: "refused",
    ClientError: "refused",
    StoreError: "refused",
    MalformedError: "refused",
    VerificationError: "verification",
};
function identify(cause) {
    if (cause instanceof Error && "code" in cause && Object.hasOwn(kindOfClass, cause.name)) {
        const fallback = kindOfClass[cause.name];
        const kind = "kind" in cause ? cause.kind : fallback;
        return { code: String(cause.code), kind };
    }
    return { code: "INTERNAL", kind: "internal" };
}
function evidenceOf(cause) {
    if (!(cause instanceof Error) || cause.name !== "ClientError")
        return {};
    const evidence = "evidence" in cause ? cause.evidence : undefined;
    return Array.isArray(evidence) && evidence.length > 0 ? { evidence } : {};
}
//# sourceMappingURL=errors.js.map