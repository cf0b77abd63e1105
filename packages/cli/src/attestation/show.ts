// One attestation with its proof: by its id, or the newest that covers a fact or an entry.
import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@strongroom/client";
import { replaceFile } from "@strongroom/client";
import {
  type Attestation,
  AttestationSchema,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { fields, table } from "../output.ts";
import { parseCount, parseKey } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { rowOf } from "./list.ts";

interface ShowFlags {
  readonly index?: string;
}

export const attestationShowVerb: Verb<ShowFlags> = async (context, [key], flags) => {
  const { output } = context;
  const found = await withClient(context, (client) => find(client, key, flags));
  if (output.json) return output.document(toJson(AttestationSchema, found));
  const [id = "", target = "", state = "", size = "", age = "", , logIndex = ""] = rowOf(found);
  await output.lines(
    ...fields([
      ["id", id],
      ["target", target],
      ["state", state],
      ["tree size", size],
      ["age", age],
      ["log id", found.logId],
      ["log index", logIndex],
      ["signed at", found.signedAt ? timestampDate(found.signedAt).toISOString() : ""],
      ["proof", describeProof(found)],
      ["last error", found.lastError],
    ]),
  );
};

interface ExportFlags extends ShowFlags {
  readonly bundle?: string;
  readonly note?: string;
  readonly cosignatures?: string;
}

export const attestationExportVerb: Verb<ExportFlags> = async (context, [key], flags) => {
  const { output } = context;
  const { bundle, note, cosignatures } = flags;
  if ([bundle, note, cosignatures].every((path) => path === undefined)) {
    throw new CliError("USAGE", "say where to: --bundle, --note or --cosignatures");
  }
  const found = await withClient(context, (client) => find(client, key, flags));
  if (bundle !== undefined && found.bundle.length === 0) throw lacks("bundle");
  if (cosignatures !== undefined && found.cosignatures.length === 0) throw lacks("cosignatures");
  if (bundle !== undefined) await replaceFile(bundle, found.bundle);
  if (note !== undefined) await replaceFile(note, found.note);
  if (cosignatures !== undefined) {
    await replaceFile(cosignatures, Buffer.concat(found.cosignatures));
  }
  const written = { bundle, note, cosignatures };
  const { treeSize, target } = found;
  if (output.json) return output.document({ ...written, treeSize: String(treeSize), target });
  const paths = Object.values(written).filter((path) => path !== undefined);
  await output.lines(`attestation of ${treeSize} entries by ${target}: ${paths.join(", ")}`);
};

interface RetryFlags {
  readonly target?: string;
}

export const attestationRetryVerb: Verb<RetryFlags> = async (context, [id], { target }) => {
  const { output } = context;
  if ((id === undefined) === (target === undefined)) {
    throw new CliError("USAGE", "give an id, or --target for all that are parked of it");
  }
  const what = id === undefined ? { target: target ?? "" } : { ids: [id] };
  const retried = await withClient(context, (client) => client.attestations.retry(what));
  for (const one of output.json ? retried : []) {
    await output.document(toJson(AttestationSchema, one));
  }
  await output.lines(
    ...table(
      ["ID", "TARGET", "STATE"],
      retried.map((one) => rowOf(one).slice(0, 3)),
    ),
  );
};

function find(client: Client, key: string | undefined, { index }: ShowFlags): Promise<Attestation> {
  if ((key === undefined) === (index === undefined)) {
    throw new CliError("USAGE", "give an id, a content id (sha256:…), or --index");
  }
  if (index !== undefined) return client.attestations.get({ index: parseCount("--index", index) });
  const text = key ?? "";
  return client.attestations.get(text.startsWith("sha256:") ? parseKey(text) : { id: text });
}

function describeProof({ bundle, cosignatures }: Attestation): string {
  if (bundle.length > 0) return `Sigstore bundle, ${bundle.length} bytes`;
  return cosignatures.length > 0 ? `${cosignatures.length} cosignatures` : "none";
}

function lacks(what: string): CliError {
  return new CliError("USAGE", `this attestation has no ${what}`);
}
