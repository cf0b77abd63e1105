import { toJson } from "@bufbuild/protobuf";
import { StatusResponseSchema } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { Verb } from "../context.ts";
import { fields } from "../output.ts";
import { withClient } from "../session.ts";

export const statusVerb: Verb<object> = async (context) => {
  const { output } = context;
  const status = await withClient(context, (client) => client.admin.status());
  if (output.json) return output.document(toJson(StatusResponseSchema, status));
  const text = status.textSearch ? "yes" : "no";
  await output.lines(
    ...fields([
      ["state", status.reason === "" ? status.state : `${status.state} (${status.reason})`],
      ["origin", status.origin],
      ["store", status.storeId],
      ["cipher", status.cipher],
      ["entries", String(status.treeSize)],
      ["index lag", String(status.indexLag)],
      ["text search", text],
      ["open alarms", String(status.openAlarms)],
      ["head", status.head],
      ["attested", status.attestedSize === 0n ? "nothing yet" : `${status.attestedSize} entries`],
      [
        "attestations",
        `${status.attestationsPending} pending, ${status.attestationsParked} parked`,
      ],
      ["bytes", String(status.bytesOnDisk)],
      ["version", status.version],
    ]),
  );
};
