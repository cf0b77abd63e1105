// Completion scripts, made from the verb table: nouns, verbs, then the options of the verb.
import type { Verb } from "./context.ts";
import { CliError } from "./errors.ts";
import type { OptionSpec, VerbSpec } from "./verbs/spec.ts";

interface Table {
  readonly verbs: readonly VerbSpec[];
  readonly nouns: Readonly<Record<string, string>>;
  readonly globalOptions: readonly OptionSpec[];
}

const writers = { bash, zsh, fish } as const;

export function completionOf(table: Table): Verb<object> {
  return async ({ output }, [shell = ""]) => {
    const script = completionScript(shell, table);
    if (output.json) await output.document({ shell, script });
    else await output.raw(script);
  };
}

export function completionScript(shell: string, table: Table): string {
  if (!Object.hasOwn(writers, shell)) throw new CliError("USAGE", "take bash, zsh or fish");
  return writers[shell as keyof typeof writers](table);
}

function bash(table: Table): string {
  const { verbs, nouns } = table;
  const cases = verbs.map(
    (verb) => `    "${verb.name}") words="${optionsOf(table, verb).join(" ")}";;`,
  );
  const nounCases = Object.keys(nouns).map(
    (noun) => `    "${noun}") words="${verbsOf(table, noun).join(" ")}";;`,
  );
  return `# bash completion for strongroom: source it, or put it in bash-completion's folder
_strongroom() {
  local word="\${COMP_WORDS[COMP_CWORD]}" noun="" verb="" i words=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ "\${COMP_WORDS[i]}" == -* ]] && continue
    if [[ -z "$noun" ]]; then noun="\${COMP_WORDS[i]}"; else verb="\${COMP_WORDS[i]}"; break; fi
  done
  case "$noun\${verb:+ $verb}" in
    "") words="${firstWords(table).join(" ")}";;
${nounCases.join("\n")}
${cases.join("\n")}
  esac
  if [[ "$word" != -* && -n "$noun" && -z "$words" ]]; then compopt -o default; return; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _strongroom strongroom
`;
}

function zsh(table: Table): string {
  return `#compdef strongroom
autoload -U +X bashcompinit && bashcompinit
${bash(table)}`;
}

function fish({ verbs, nouns, globalOptions }: Table): string {
  const lines = ["# fish completion for strongroom", "complete -c strongroom -f"];
  const quote = (text: string) => `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
  for (const [noun, text] of Object.entries(nouns)) {
    lines.push(`complete -c strongroom -n __fish_use_subcommand -a ${noun} -d ${quote(text)}`);
  }
  for (const verb of verbs) {
    const [first = "", second] = verb.name.split(" ");
    const seen = `__fish_seen_subcommand_from ${first}`;
    const use = second === undefined ? "__fish_use_subcommand" : seen;
    lines.push(
      `complete -c strongroom -n ${quote(use)} -a ${second ?? first} -d ${quote(verb.text)}`,
    );
    const within =
      second === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${second}`;
    for (const option of verb.options ?? []) {
      lines.push(
        `complete -c strongroom -n ${quote(within)} -l ${longName(option.flags)} -d ${quote(option.text)}`,
      );
    }
  }
  for (const option of globalOptions) {
    lines.push(`complete -c strongroom -l ${longName(option.flags)} -d ${quote(option.text)}`);
  }
  return `${lines.join("\n")}\n`;
}

function firstWords({ verbs, nouns }: Table): string[] {
  const alone = verbs.filter(({ name }) => !name.includes(" ")).map(({ name }) => name);
  return [...alone, ...Object.keys(nouns)];
}

function verbsOf({ verbs }: Table, noun: string): string[] {
  const prefix = `${noun} `;
  return verbs
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length));
}

function optionsOf({ globalOptions }: Table, verb: VerbSpec): string[] {
  return [...(verb.options ?? []), ...globalOptions].map(({ flags }) => `--${longName(flags)}`);
}

function longName(flags: string): string {
  return /--([a-z-]+)/.exec(flags)?.[1] ?? "";
}
