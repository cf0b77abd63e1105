// The verb table as a commander program.
import { Command, Option } from "commander";
import { type Context, openContext } from "./context.ts";
import type { GlobalFlags } from "./settings.ts";
import type { OptionSpec, VerbSpec } from "./verbs/spec.ts";
import { globalOptions, nouns, verbs } from "./verbs/table.ts";

export function buildProgram(): Command {
  const program = new Command("strongroom")
    .description("an encrypted, tamper-evident store of facts")
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const spec of globalOptions) program.addOption(optionOf(spec));
  for (const [noun, text] of Object.entries(nouns)) {
    inherit(program.command(noun), program).description(text);
  }
  for (const spec of verbs) addVerb(program, spec);
  return program;
}

function addVerb(program: Command, spec: VerbSpec): void {
  const [first = "", second] = spec.name.split(" ");
  const noun = second === undefined ? program : program.commands.find((c) => c.name() === first);
  if (noun === undefined) throw new Error(`the verb table names no noun ${first}`);
  const command = inherit(noun.command(second ?? first), program).description(spec.text);
  for (const [name, text] of spec.args ?? []) command.argument(name, text);
  for (const option of spec.options ?? []) command.addOption(optionOf(option));
  command.action(async () => {
    const context: Context = await openContext(program.opts<GlobalFlags>());
    const verb = await spec.load();
    // Each verb declares the options that this table gives it.
    await verb(context, command.processedArgs.filter(isText), command.opts() as never);
  });
}

function inherit(command: Command, program: Command): Command {
  return command.copyInheritedSettings(program);
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.text);
  if (spec.choices !== undefined && !spec.many) option.choices([...spec.choices]);
  if (spec.required) option.makeOptionMandatory();
  if (spec.fallback !== undefined) option.default(spec.fallback);
  if (spec.env !== undefined) option.env(spec.env);
  if (spec.many) {
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  }
  return option;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
