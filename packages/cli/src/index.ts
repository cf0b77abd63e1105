// For tests and documents that speak of the command line: its verbs and its exit codes.
export { type CliCode, cliCodes } from "./errors.ts";
export { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
export { buildProgram } from "./program.ts";
export { nouns, verbs } from "./verbs/table.ts";
