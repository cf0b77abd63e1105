// Settings in force with their sources, local files, and what the running service says of itself.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type ClientError, readState } from "@strongroom/client";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { table } from "../output.ts";
import { withClient } from "../session.ts";
import type { Setting, Settings } from "../settings.ts";

interface Check {
  readonly name: string;
  readonly level: string;
  readonly message: string;
}

const NODE_MAJOR_MIN = 20;

export const doctorVerb: Verb<object> = async (context) => {
  const { output, settings } = context;
  const checks: Check[] = [
    checkNode(),
    ...(await checkFiles(settings)),
    await checkState(settings),
  ];
  const shown: Setting[] = [...settings.shown];
  const remote = await askService(context);
  checks.push(...remote.checks);
  const document = { checks, settings: shown, serverSettings: remote.settings };
  const failed = checks.filter((check) => check.level === "fail");
  if (!output.json) {
    const rows = checks.map((check) => [check.level, check.name, check.message]);
    await output.lines(...table(["LEVEL", "CHECK", "MESSAGE"], rows), "");
    const all = [...shown, ...remote.settings];
    await output.lines(
      ...table(
        ["SETTING", "VALUE", "FROM"],
        all.map((s) => [s.name, s.value, s.origin]),
      ),
    );
  }
  if (failed.length > 0) {
    const message = `${failed.length} checks failed: ${failed.map((check) => check.name).join(", ")}`;
    throw new CliError("CHECKS_FAILED", message, { shown: document });
  }
  if (output.json) await output.document(document);
};

function checkNode(): Check {
  const major = Number(process.versions.node.split(".")[0]);
  const level = major >= NODE_MAJOR_MIN ? "ok" : "fail";
  return { name: "node", level, message: `${process.version}; 20.19, 22.12 and 24 are supported` };
}

/** Files with secrets must be readable by their owner only. */
async function checkFiles(settings: Settings): Promise<Check[]> {
  const files = ["run.json", "dev.key", "dev.token", "operator.token"].map((name) =>
    join(settings.data, name),
  );
  const checks: Check[] = [];
  for (const file of [...files, settings.statePath]) {
    const mode = await stat(file).then(
      (found) => found.mode & 0o777,
      () => undefined,
    );
    if (mode === undefined) continue;
    const open = (mode & 0o077) !== 0;
    const message = open ? `mode ${mode.toString(8)}: run chmod 600 ${file}` : "owner only";
    checks.push({ name: `permissions of ${file}`, level: open ? "warn" : "ok", message });
  }
  return checks;
}

async function checkState({ statePath }: Settings): Promise<Check> {
  const name = "pinned log";
  try {
    const state = await readState(statePath);
    if (state === undefined) return { name, level: "ok", message: "nothing pinned yet" };
    if (state.verdict !== undefined) {
      const { code, detectedAt } = state.verdict;
      return {
        name,
        level: "fail",
        message: `${code} since ${detectedAt}; evidence in ${statePath}`,
      };
    }
    return { name, level: "ok", message: `${state.origin}, pinned by ${state.pinnedBy}` };
  } catch (cause) {
    return { name, level: "fail", message: (cause as ClientError).message };
  }
}

async function askService(context: Context): Promise<{ checks: Check[]; settings: Setting[] }> {
  try {
    const answer = await withClient(context, (client) => client.admin.doctor());
    return {
      checks: answer.checks.map(({ name, level, message }) => ({ name, level, message })),
      settings: answer.settings.map(({ name, value, origin }) => ({
        name: `server: ${name}`,
        value,
        origin: origin as Setting["origin"],
      })),
    };
  } catch (cause) {
    const { message } = cause as ClientError;
    const check = {
      name: "service",
      level: "fail",
      message: `${context.settings.server}: ${message}`,
    };
    return { checks: [check], settings: [] };
  }
}
