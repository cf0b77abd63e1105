// Every setting of the attestor. `--a-b` is STRONGROOM_A_B is {"attestor": {"a": {"b": …}}}.
import { resolve } from "node:path";
import {
  addressSetting,
  choiceSetting,
  logLevels,
  optionalTextSetting,
  type Setting,
  type SettingValues,
  textSetting,
} from "@strongroom/runtime";
import { z } from "zod";
import { type TargetSettings, targetList } from "./targets/target-settings.ts";

const targets: Setting<TargetSettings[]> = {
  about:
    "JSON list of targets; each has a name, a kind (rekor, witness, file) and its own members.",
  schema: z.preprocess(fromJson, targetList),
};

export const settings = {
  data: textSetting("Folder for the attestor's own files.", { fallback: "./data" }),
  server: addressSetting("gRPC address of the storage service.", { fallback: "127.0.0.1:7443" }),
  token: optionalTextSetting("Token of a principal with the role attestor.", { secret: true }),
  "log-key": optionalTextSetting(
    "Verifier key line of the log; the first use is trusted if unset.",
  ),
  worker: optionalTextSetting("Name of this worker, for people; host and process id if unset."),
  targets,
  "signing-key": optionalTextSetting(
    "ECDSA P-256 key in PEM, PKCS#8: file:///path or env://VARIABLE; generated if unset.",
  ),
  "signing-key-wrap": optionalTextSetting(
    "What encrypts a generated key: env:// file:// passphrase-env:// passphrase-file:// none://.",
  ),
  "jobs.driver": choiceSetting("What wakes the workers.", ["embedded", "bullmq"], {
    fallback: "embedded",
  }),
  "jobs.redis-url": optionalTextSetting("redis:// or rediss://, for the driver bullmq.", {
    secret: true,
  }),
  "admin.listen": addressSetting("Probes and metrics.", { fallback: "127.0.0.1:7481" }),
  "admin.hosts": optionalTextSetting("Further names allowed in its Host header, by comma."),
  "log.level": choiceSetting("How much is logged on stderr.", logLevels, { fallback: "info" }),
};

export type AttestorSettings = SettingValues<typeof settings>;

export function generatedKeyPath(values: AttestorSettings): string {
  return resolve(values.data, "attestor.key");
}

function fromJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
