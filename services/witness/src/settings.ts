// Every setting of the witness. `--a-b` is STRONGROOM_A_B is {"a": {"b": …}} in the file.
import { resolve } from "node:path";
import {
  addressSetting,
  booleanSetting,
  choiceSetting,
  integerSetting,
  logLevels,
  optionalTextSetting,
  type SettingValues,
  textSetting,
} from "@strongroom/runtime";

export const settings = {
  data: textSetting("Folder for everything of one instance.", { fallback: "./data" }),
  "witness.folder": optionalTextSetting(
    "Folder of key, memory and evidence; `witness` in the data folder if unset.",
  ),
  "witness.key-file": optionalTextSetting(
    "Key, 64 hex digits, mode 0600; `witness.key` in the folder if unset, made at the first start.",
  ),
  "witness.name": optionalTextSetting(
    "Name of the key, a URL without scheme; fixed at the first start, made up if unset.",
  ),
  "witness.logs": optionalTextSetting("File of `log <vkey>` lines; `logs` in the folder if unset."),
  "witness.accept-new-state": booleanSetting(
    "Start with an empty memory though the key is there. Only if it never signed.",
    { fallback: false },
  ),
  "witness.listen": addressSetting("Where logs reach it: plain HTTP.", {
    fallback: "127.0.0.1:7460",
  }),
  "witness.connections-max": integerSetting("Connections at once.", {
    min: 1,
    max: 100_000,
    fallback: 512,
  }),
  "witness.waiting-max": integerSetting("Requests that wait for one log.", {
    min: 1,
    max: 10_000,
    fallback: 64,
  }),
  "witness.admin-listen": addressSetting("Probes and metrics.", { fallback: "127.0.0.1:7461" }),
  "witness.admin-hosts": optionalTextSetting("Further names allowed in its Host header, by comma."),
  "log.level": choiceSetting("How much is logged on stderr.", logLevels, { fallback: "info" }),
};

export type WitnessSettings = SettingValues<typeof settings>;

export interface WitnessPaths {
  readonly key: string;
  readonly logs: string;
  readonly memory: string;
  readonly evidence: string;
}

export function witnessPaths(values: WitnessSettings): WitnessPaths {
  const folder = resolve(values["witness.folder"] ?? `${values.data}/witness`);
  return {
    key: resolve(values["witness.key-file"] ?? `${folder}/witness.key`),
    logs: resolve(values["witness.logs"] ?? `${folder}/logs`),
    memory: `${folder}/memory`,
    evidence: `${folder}/evidence`,
  };
}
