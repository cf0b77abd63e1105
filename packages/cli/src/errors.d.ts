import { type ExitCode } from "./exit-codes.ts";
export declare const cliCodes: readonly ["USAGE", "FILE_NOT_FOUND", "FILE_UNREADABLE", "FILE_EXISTS", "PLAINTEXT_REQUIRED", "CONFIRMATION_REQUIRED", "PROGRESS_MISMATCH", "LINES_REFUSED", "TILE_MISSING", "TREE_UNAVAILABLE", "CHECKS_FAILED", "SERVICE_FAILED", "NO_TOKEN", "KEY_MISSING", "ALREADY_RUNNING"];
export type CliCode = (typeof cliCodes)[number];
export declare class CliError extends Error {
    readonly code: CliCode;
    /** Members that a --json document shows beside the error. */
    readonly shown: Readonly<Record<string, unknown>>;
    constructor(code: CliCode, message: string, options?: {
        cause?: unknown;
        shown?: Record<string, unknown>;
    });
}
/** A failed proof: the verdict and what was proven before it. */
export declare class ProofError extends Error {
    readonly code: string;
    readonly proven: readonly string[];
    readonly shown: Readonly<Record<string, unknown>>;
    constructor(code: string, message: string, options?: {
        cause?: unknown;
        proven?: readonly string[];
        shown?: Record<string, unknown>;
    });
}
export interface Failure {
    readonly code: string;
    readonly message: string;
    readonly exitCode: ExitCode;
    /** The --json document. */
    readonly document: Readonly<Record<string, unknown>>;
}
/** What to print and how to exit for anything that was thrown. */
export declare function failureOf(cause: unknown): Failure;
