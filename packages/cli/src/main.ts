// One verb from argv to an exit code. The only place that turns errors into output.
import { CommanderError } from "commander";
import { CliError, failureOf } from "./errors.ts";
import { buildProgram } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has had enough.
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));

async function run(argv: readonly string[]): Promise<number> {
  const program = buildProgram();
  try {
    await program.parseAsync([...argv], { from: "user" });
    // A verb that ran a service ends as the service did.
    return Number(process.exitCode ?? 0);
  } catch (cause) {
    if (cause instanceof CommanderError && cause.exitCode === 0) return 0;
    const failure = failureOf(cause instanceof CommanderError ? usage(cause, argv) : cause);
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify(failure.document)}\n`);
    process.stderr.write(`strongroom: ${failure.message} (${failure.code})\n`);
    if (failure.code === "INTERNAL" && process.env.STRONGROOM_DEBUG && cause instanceof Error) {
      process.stderr.write(`${cause.stack}\n`);
    }
    return failure.exitCode;
  }
}

function usage(cause: CommanderError, argv: readonly string[]): CliError {
  // Commander's own message for a noun without a verb is the whole help text.
  const [noun = ""] = argv;
  const message =
    cause.code === "commander.help" ? `name a verb: see ${noun} --help` : cause.message;
  return new CliError("USAGE", message.replace(/^error: /, ""), { cause });
}
