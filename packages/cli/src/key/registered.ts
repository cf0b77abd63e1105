// Keys that outside records are checked with: public, in the log, changed only by an operator.
import { createPublicKey } from "node:crypto";
import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type KeyPurposeName, keyPurposes } from "@strongroom/client";
import {
  KeyPurpose,
  type RegisteredKey,
  RegisteredKeySchema,
} from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { table } from "../output.ts";
import { withClient } from "../session.ts";
import { readBytesFile } from "../settings.ts";

interface ListFlags {
  readonly purpose?: string;
  readonly all?: boolean;
}

export async function listRegisteredKeys(context: Context, flags: ListFlags): Promise<void> {
  const { output } = context;
  const purpose = flags.purpose === undefined ? undefined : parsePurpose(flags.purpose);
  const includeRetired = flags.all === true;
  const keys = await withClient(context, (client) =>
    client.admin.registeredKeys({ purpose, includeRetired }),
  );
  for (const key of output.json ? keys : [])
    await output.document(toJson(RegisteredKeySchema, key));
  const rows = keys.map((key) => [
    key.id,
    purposeOf(key),
    key.name,
    key.registeredAt ? timestampDate(key.registeredAt).toISOString() : "",
    key.retiredAt ? `retired ${timestampDate(key.retiredAt).toISOString()}` : "in force",
  ]);
  await output.lines(...table(["ID", "PURPOSE", "NAME", "REGISTERED", "STATE"], rows));
}

interface RegisterFlags {
  readonly purpose?: string;
  readonly keyFile?: string;
  readonly name?: string;
}

export const keyRegisterVerb: Verb<RegisterFlags> = async (context, _args, flags) => {
  const { output } = context;
  const purpose = parsePurpose(flags.purpose ?? "");
  const { keyFile = "", name = "" } = flags;
  const key = toKeyBytes(purpose, await readBytesFile(keyFile), keyFile);
  const registered = await withClient(context, (client) =>
    client.admin.registerKey({ purpose, key, name }),
  );
  if (output.json) return output.document(toJson(RegisteredKeySchema, registered));
  await output.lines(`${purpose} key ${registered.id} is in force (entry ${registered.index})`);
};

export const keyRetireVerb: Verb<object> = async (context, [id = ""]) => {
  const { output } = context;
  const retired = await withClient(context, (client) => client.admin.retireKey(id));
  if (output.json) return output.document(toJson(RegisteredKeySchema, retired));
  await output.lines(`${purposeOf(retired)} key ${id} is retired: it attests nothing new`);
};

/** A public key may come as PEM; what is registered is its DER. */
function toKeyBytes(purpose: KeyPurposeName, bytes: Uint8Array, path: string): Uint8Array {
  const isPem = Buffer.from(bytes.subarray(0, 11)).toString("latin1") === "-----BEGIN ";
  if (purpose !== "attestation" || !isPem) return bytes;
  const text = Buffer.from(bytes).toString("latin1");
  if (text.includes("PRIVATE KEY")) {
    throw new CliError("USAGE", `register ${path}: it is a private key; give the public one`);
  }
  try {
    return new Uint8Array(createPublicKey(text).export({ format: "der", type: "spki" }));
  } catch {
    throw new CliError("FILE_UNREADABLE", `parse ${path}: not a public key`);
  }
}

function parsePurpose(text: string): KeyPurposeName {
  const purpose = keyPurposes.find((name) => name === text);
  if (purpose === undefined)
    throw new CliError("USAGE", `--purpose takes ${keyPurposes.join(", ")}`);
  return purpose;
}

function purposeOf({ purpose }: RegisteredKey): string {
  return (KeyPurpose[purpose] ?? "").toLowerCase().replaceAll("_", "-");
}
