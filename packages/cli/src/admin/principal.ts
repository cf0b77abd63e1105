// Principals and their tokens. A secret is shown once: on stdout, or in a file of mode 0600.
import { toJson } from "@bufbuild/protobuf";
import { type RoleName, replaceFile, roleNames } from "@strongroom/client";
import { PrincipalSchema, Role } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { table } from "../output.ts";
import { parseTimeMs } from "../parse-flag.ts";
import { withClient } from "../session.ts";

interface AddFlags {
  readonly role?: readonly string[];
  readonly scope?: readonly string[];
  readonly tokenOut?: string;
}

export const principalAddVerb: Verb<AddFlags> = async (context, [name = ""], flags) => {
  const { output } = context;
  const roles = (flags.role ?? []).map(parseRole);
  if (roles.length === 0) throw new CliError("USAGE", `give --role: ${roleNames.join(", ")}`);
  const { tokenOut } = flags;
  const { principal, index, tokenId } = await withClient(context, async (client) => {
    const set = await client.admin.setPrincipal({ name, roles, scopes: flags.scope ?? [] });
    if (tokenOut === undefined) return { ...set, tokenId: undefined };
    const created = await client.admin.createToken({ principal: name });
    await replaceFile(tokenOut, `${created.secret}\n`);
    return { ...set, tokenId: created.token?.id };
  });
  if (output.json) {
    await output.document({
      ...(principal === undefined ? {} : { principal: toJson(PrincipalSchema, principal) }),
      index: String(index),
      ...(tokenId === undefined ? {} : { tokenId, tokenFile: tokenOut }),
    });
    return;
  }
  const token = tokenOut === undefined ? "" : `; token written to ${tokenOut}`;
  await output.lines(`${name} is ${roles.join(", ")} (entry ${index})${token}`);
};

export const principalListVerb: Verb<object> = async (context) => {
  const { output } = context;
  await withClient(context, async (client) => {
    const rows: string[][] = [];
    for await (const principal of client.admin.principals()) {
      if (output.json) await output.document(toJson(PrincipalSchema, principal));
      const roles = principal.roles.map((role) => (Role[role] ?? "").toLowerCase());
      const tokens = principal.tokens.map(({ id }) => id);
      rows.push([principal.name, roles.join(","), principal.scopes.join(","), tokens.join(",")]);
    }
    await output.lines(...table(["NAME", "ROLES", "SCOPES", "TOKENS"], rows));
  });
};

export const principalRemoveVerb: Verb<object> = async (context, [name = ""]) => {
  const { output } = context;
  const { index } = await withClient(context, (client) => client.admin.removePrincipal(name));
  if (output.json) await output.document({ name, index: String(index) });
  else await output.lines(`${name} removed (entry ${index})`);
};

interface TokenFlags {
  readonly expires?: string;
  readonly out?: string;
  readonly revoke?: string;
}

export const principalTokenVerb: Verb<TokenFlags> = async (context, [name], flags) => {
  const { output } = context;
  const { revoke, out } = flags;
  if ((name === undefined) === (revoke === undefined)) {
    throw new CliError("USAGE", "name the principal that gets a token, or --revoke an id");
  }
  if (revoke !== undefined) {
    const { index } = await withClient(context, (client) => client.admin.revokeToken(revoke));
    if (output.json) return output.document({ id: revoke, index: String(index) });
    return output.lines(`token ${revoke} revoked (entry ${index})`);
  }
  const expiry =
    flags.expires === undefined ? {} : { expiresAtMs: parseTimeMs("--expires", flags.expires) };
  const created = await withClient(context, (client) =>
    client.admin.createToken({ principal: name ?? "", ...expiry }),
  );
  const { secret, index } = created;
  const id = created.token?.id ?? "";
  if (out !== undefined) await replaceFile(out, `${secret}\n`);
  const shown = out === undefined ? { secret } : { tokenFile: out };
  if (output.json) await output.document({ id, ...shown, index: String(index) });
  else await output.lines(out === undefined ? secret : `token ${id} written to ${out}`);
};

function parseRole(text: string): RoleName {
  const role = roleNames.find((name) => name === text);
  if (role === undefined) throw new CliError("USAGE", `--role takes ${roleNames.join(", ")}`);
  return role;
}
