// Runs a witness for other logs in the foreground: its log on stderr, its exit code ours.
import type { Context, Verb } from "../context.ts";
import { runInForeground } from "./foreground.ts";
import { type ServiceReady, startService } from "./service-child.ts";

interface WitnessFlags {
  readonly logs?: string;
  readonly name?: string;
  readonly keyFile?: string;
  readonly acceptNewState?: boolean;
  readonly listen?: string;
  readonly adminListen?: string;
}

interface WitnessReady extends ServiceReady {
  readonly addresses: { readonly witness: string; readonly admin: string };
  readonly vkey: string;
  readonly isNew: boolean;
  readonly origins: readonly string[];
}

export const witnessVerb: Verb<WitnessFlags> = async (context, _args, flags) => {
  await runInForeground(context, {
    what: "witness",
    start: (stderr) =>
      startService<WitnessReady>({ name: "witness", flags: flagsOf(context, flags), stderr }),
    sayReady: (service) => sayReady(context, service),
  });
};

async function sayReady({ output }: Context, ready: WitnessReady): Promise<void> {
  const { pid, addresses, vkey, isNew, origins } = ready;
  if (output.json) {
    return await output.document({ ready: true, pid, addresses, vkey, isNew, origins });
  }
  // The key alone on stdout, so that it can be sent on.
  await output.lines(vkey);
  output.notice(`witnessing ${origins.length} logs on http://${addresses.witness}`);
}

/** Without a flag, variables and the config file decide. */
function flagsOf({ settings }: Context, flags: WitnessFlags): string[] {
  const given: [string, string | undefined][] = [
    ["--data", settings.data],
    ["--witness-logs", flags.logs],
    ["--witness-name", flags.name],
    ["--witness-key-file", flags.keyFile],
    ["--witness-listen", flags.listen],
    ["--witness-admin-listen", flags.adminListen],
  ];
  return [
    ...given.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(flags.acceptNewState ? ["--witness-accept-new-state"] : []),
  ];
}
