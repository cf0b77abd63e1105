// Runs the attestor in the foreground: its log on stderr, its exit code ours.
import type { Context, Verb } from "../context.ts";
import { readTextFile } from "../settings.ts";
import { type AttestorReady, attestationKeyPem } from "./attestor-child.ts";
import { runInForeground } from "./foreground.ts";
import { startService } from "./service-child.ts";

interface AttestorFlags {
  readonly targets?: string;
  readonly signingKey?: string;
  readonly signingKeyWrap?: string;
  readonly jobsDriver?: string;
  readonly adminListen?: string;
}

export const attestorVerb: Verb<AttestorFlags> = async (context, _args, flags) => {
  const env = await environmentOf(context, flags);
  await runInForeground(context, {
    what: "attestor",
    start: (stderr) =>
      startService<AttestorReady>({
        name: "attestor",
        flags: flagsOf(context, flags),
        env,
        stderr,
      }),
    sayReady: (service) => sayReady(context, service),
  });
};

async function sayReady({ output }: Context, ready: AttestorReady): Promise<void> {
  const { pid, addresses, origin, targets, attestationKey } = ready;
  if (output.json) {
    return await output.document({ ready: true, pid, addresses, origin, targets, attestationKey });
  }
  // The key alone on stdout, so that it can be registered: the store takes no other's word.
  await output.lines(attestationKeyPem(attestationKey.publicKey));
  const names = targets.map(({ name, kind }) => `${name} (${kind})`).join(", ");
  output.notice(`attesting ${origin} to ${names}; attestation key ${attestationKey.id}`);
}

/** Secrets and lists are no flags: argv is public on the machine. */
async function environmentOf({ settings }: Context, flags: AttestorFlags) {
  const { token } = settings;
  return {
    ...(token === undefined ? {} : { STRONGROOM_TOKEN: token }),
    ...(flags.targets && { STRONGROOM_TARGETS: await readTextFile(flags.targets) }),
  };
}

/** Without a flag, variables and the config file decide. */
function flagsOf({ settings }: Context, flags: AttestorFlags): string[] {
  const given: [string, string | undefined][] = [
    ["--data", settings.data],
    ["--server", settings.server],
    ["--signing-key", flags.signingKey],
    ["--signing-key-wrap", flags.signingKeyWrap],
    ["--jobs-driver", flags.jobsDriver],
    ["--admin-listen", flags.adminListen],
  ];
  return given.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}
