// Every setting of the storage service. `--a-b` is STRONGROOM_A_B is {"a": {"b": …}} in the file.
import { resolve } from "node:path";
import {
  addressSetting,
  booleanSetting,
  choiceSetting,
  integerSetting,
  keyUriSetting,
  logLevels,
  optionalAddressSetting,
  optionalIntegerSetting,
  optionalTextSetting,
  type SettingValues,
  textSetting,
} from "@strongroom/runtime";

const dayMs = 86_400_000;

export const settings = {
  data: textSetting("Folder for everything of one instance.", { fallback: "./data" }),
  store: optionalTextSetting("Folder of the store; `store` in the data folder if unset."),
  key: keyUriSetting("Where the key comes from: env:// file:// passphrase-env:// …, none://."),
  cipher: choiceSetting(
    "Cipher of a store that is created; an existing one knows its own.",
    ["aegis256", "sqlcipher", "chacha20", "none"],
    { fallback: "aegis256" },
  ),
  create: booleanSetting("Create the store if there is none.", { fallback: false }),
  origin: optionalTextSetting("Origin of a log that is created; never changes."),
  operator: textSetting("First operator of a store that is created.", { fallback: "operator" }),
  "operator-token-file": optionalTextSetting(
    "Where the first operator's token goes; `operator.token` in the data folder if unset.",
  ),
  "text-search": booleanSetting("Keep a text index; costs space.", { fallback: false }),
  "anchor.path": optionalTextSetting("File of the head anchor, best on another volume."),
  "anchor.lag-ms": integerSetting("How long the anchor may trail a commit, ms; 0 for never.", {
    min: 0,
    max: 60_000,
    fallback: 0,
  }),
  "fact-bytes-max": integerSetting("Largest fact, bytes.", {
    min: 1024,
    max: 1024 * 1024,
    fallback: 64 * 1024,
  }),
  readers: optionalIntegerSetting("Threads that read.", { min: 1, max: 64 }),
  "checkpoint.entries": integerSetting("A checkpoint is stored after so many entries.", {
    min: 1,
    max: 1_000_000,
    fallback: 1000,
  }),
  "checkpoint.interval-ms": integerSetting("And after so long if anything is new, ms.", {
    min: 1000,
    max: dayMs,
    fallback: 60_000,
  }),
  "attestation.retry-initial-ms": integerSetting("First wait after a failed attestation, ms.", {
    min: 10,
    max: dayMs,
    fallback: 60_000,
  }),
  "attestation.retry-max-ms": integerSetting("Longest wait before the next attempt, ms.", {
    min: 10,
    max: dayMs,
    fallback: 3_600_000,
  }),
  "attestation.supersede": booleanSetting(
    "A newer checkpoint takes the place of those never sent; off, each one is attested.",
    { fallback: true },
  ),
  "server.listen": addressSetting("gRPC, loopback only.", { fallback: "127.0.0.1:7443" }),
  "server.connections-max": integerSetting("Connections at once.", {
    min: 1,
    max: 100_000,
    fallback: 4096,
  }),
  "server.streams-max": integerSetting("Calls at once on one connection.", {
    min: 1,
    max: 10_000,
    fallback: 512,
  }),
  "server.calls-max": integerSetting("Units of calls at once; a bulk call counts as several.", {
    min: 16,
    max: 100_000,
    fallback: 4096,
  }),
  "server.principal-calls-max": integerSetting("The same for one principal.", {
    min: 16,
    max: 100_000,
    fallback: 2048,
  }),
  "server.idle-ms": integerSetting("A connection without calls is closed after, ms.", {
    min: 1000,
    max: dayMs,
    fallback: 300_000,
  }),
  "server.preface-ms": integerSetting("A new connection has to speak within, ms.", {
    min: 100,
    max: 60_000,
    fallback: 10_000,
  }),
  "server.drain-ms": integerSetting("Calls may take so long to end at shutdown, ms.", {
    min: 0,
    max: 600_000,
    fallback: 15_000,
  }),
  "watch.idle-ms": integerSetting("A watch shows that it lives after so long, ms.", {
    min: 100,
    max: 10_000,
    fallback: 10_000,
  }),
  "admin.listen": addressSetting("Probes and metrics.", { fallback: "127.0.0.1:7480" }),
  "admin.hosts": optionalTextSetting("Further names allowed in its Host header, by comma."),
  "tiles.listen": optionalAddressSetting("C2SP tlog-tiles over HTTP; off if unset."),
  "tiles.public": booleanSetting("Tiles for everybody, without a token.", { fallback: false }),
  "log.level": choiceSetting("How much is logged on stderr.", logLevels, { fallback: "info" }),
};

export type StorageSettings = SettingValues<typeof settings>;

export function storePath(values: StorageSettings): string {
  return resolve(values.store ?? `${values.data}/store`);
}

export function operatorTokenPath(values: StorageSettings): string {
  return resolve(values["operator-token-file"] ?? `${values.data}/operator.token`);
}
