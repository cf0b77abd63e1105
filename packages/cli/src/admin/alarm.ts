// Alarms of a running store: what was found, and that somebody has dealt with it.
import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Alarm, AlarmSchema } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { Verb } from "../context.ts";
import { table } from "../output.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";

interface ListFlags {
  readonly all?: boolean;
}

export const alarmListVerb: Verb<ListFlags> = async (context, _args, flags) => {
  const { output } = context;
  const includeCleared = flags.all === true;
  await withClient(context, async (client) => {
    const rows: string[][] = [];
    for await (const alarm of client.admin.alarms({ includeCleared })) {
      if (output.json) await output.document(toJson(AlarmSchema, alarm));
      rows.push([String(alarm.id), timeOf(alarm), stateOf(alarm), alarm.code, alarm.message]);
    }
    await output.lines(...table(["ID", "RAISED", "STATE", "CODE", "MESSAGE"], rows));
  });
};

export const alarmClearVerb: Verb<object> = async (context, [id = ""]) => {
  const { output } = context;
  const number = parseCount("<id>", id);
  const alarm = await withClient(context, (client) => client.admin.clearAlarm(number));
  if (!alarm) return;
  if (output.json) await output.document(toJson(AlarmSchema, alarm));
  else await output.lines(`alarm ${id} (${alarm.code}) is cleared; its log entry stays`);
};

function timeOf(alarm: Alarm): string {
  return alarm.raisedAt ? timestampDate(alarm.raisedAt).toISOString() : "";
}

function stateOf(alarm: Alarm): string {
  return alarm.clearedAt ? "cleared" : "open";
}
