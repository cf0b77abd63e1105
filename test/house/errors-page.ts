// docs/errors.md, from the tables in the code. `node … errors-page.ts > docs/errors.md` writes it.
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { cliCodes, exitCodes } from "@strongroom/cli";
import { clientCodes } from "@strongroom/client";
import { statusOf } from "@strongroom/storage";
import { findingVerdicts, storeErrorCodes } from "@strongroom/store";
import { type ErrorCode as Code, meanings } from "./error-meanings.ts";
import { remedies } from "./error-remedies.ts";

const HEAD = `# Errors

Every code, made from the tables in the code. Over gRPC a code is the \`reason\` of \`google.rpc.ErrorInfo\` with domain
\`strongroom\`; on the command line it stands at the end of the line on stderr, or in \`error.code\` with \`--json\`.
Messages and metadata hold ids and numbers, never bodies or key material.

Exit codes: 0 done · 1 internal error · 2 wrong usage · 3 refused · 4 not found · 5 verification failed · 6 unavailable or
timed out · 7 cannot open the store. "Incidents" is [operate/incidents.md](operate/incidents.md), "keys"
[operate/keys.md](operate/keys.md), "verify" [operate/verify.md](operate/verify.md).
`;

export function errorsPage(): string {
  const known = new Set<string>(storeErrorCodes);
  const rest = (codes: readonly Code[]) => codes.filter((code) => !known.has(code));
  const local = [...new Set(rest([...clientCodes, ...cliCodes]))];
  return [
    HEAD,
    table("Store and service", storeErrorCodes, (code) => status[statusOf(code)] ?? ""),
    table("Verdicts of `log verify`", rest(findingVerdicts), () => ""),
    table(
      "Client and command line",
      local.filter((code) => !isVerdict(code)),
      () => "",
    ),
  ].join("\n");
}

function isVerdict(code: Code): boolean {
  return findingVerdicts.some((verdict) => verdict === code);
}

function table<C extends Code>(
  title: string,
  codes: readonly C[],
  statusOfCode: (code: C) => string,
): string {
  const rows = codes.map((code) => {
    const cells = [
      `\`${code}\``,
      meanings[code],
      statusOfCode(code),
      exitCodes[code],
      remedies[code],
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    `## ${title}`,
    "| code | meaning | gRPC | exit | what to do |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(errorsPage());
