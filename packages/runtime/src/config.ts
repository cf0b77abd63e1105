// Effective configuration with the origin of every value: flags beat environment beats file
// beats default. A secret never comes from a flag, since argv is public on the machine.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { z } from "zod";
import { RuntimeError } from "./errors.ts";
import type { Setting, Settings } from "./settings.ts";

export type SettingOrigin = "flag" | "environment" | "file" | "default";

export type SettingValues<S extends Settings> = {
  readonly [N in keyof S]: S[N] extends Setting<infer T> ? T : never;
};

export interface DescribedSetting {
  name: string;
  value: string;
  origin: SettingOrigin;
}

export interface ConfigSources {
  /** Without node and script. */
  argv?: readonly string[];
  env?: Readonly<Record<string, string | undefined>>;
  /** Read when neither `--config` nor STRONGROOM_CONFIG names another. */
  configPath?: string;
  /** Which top-level member of the config file is this process's; the others are of others. */
  section?: string;
}

export interface Config<S extends Settings> {
  readonly values: SettingValues<S>;
  readonly origins: { readonly [N in keyof S]: SettingOrigin };
  /** Every setting in force, for `doctor`; secrets read "(secret)". */
  describeSettings(): DescribedSetting[];
}

interface Found {
  value: unknown;
  origin: SettingOrigin;
}

/** Reads and checks every setting. Throws CONFIG_INVALID or CONFIG_FILE_UNREADABLE. */
export function loadConfig<S extends Settings>(settings: S, sources: ConfigSources): Config<S> {
  const env = sources.env ?? {};
  const flags = readFlags(settings, sources.argv ?? []);
  const path = flags.get("config") ?? env.STRONGROOM_CONFIG ?? sources.configPath;
  const file =
    path === undefined
      ? new Map<string, unknown>()
      : readConfigFile(settings, path, sources.section);
  const found = new Map<string, Found>();
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const raw = findValue(name, setting, { flags, env, file });
    const parsed = setting.schema.safeParse(raw.value);
    if (parsed.success) found.set(name, { value: parsed.data, origin: raw.origin });
    else problems.push(describeProblem(name, setting, raw, parsed.error));
  }
  if (problems.length > 0) throw new RuntimeError("CONFIG_INVALID", problems.join("; "));
  return toConfig(settings, found);
}

/** `checkpoint.interval-ms` is `--checkpoint-interval-ms`. */
export function flagName(setting: string): string {
  return setting.replaceAll(".", "-");
}

/** `checkpoint.interval-ms` is STRONGROOM_CHECKPOINT_INTERVAL_MS. */
export function envName(setting: string): string {
  return `STRONGROOM_${setting.replaceAll(/[.-]/g, "_").toUpperCase()}`;
}

function toConfig<S extends Settings>(settings: S, found: Map<string, Found>): Config<S> {
  const names = Object.keys(settings);
  const pick = (part: "value" | "origin") =>
    Object.fromEntries(names.map((name) => [name, found.get(name)?.[part]]));
  return {
    values: pick("value") as SettingValues<S>,
    origins: pick("origin") as Config<S>["origins"],
    describeSettings: () => names.map((name) => describeSetting(name, settings[name], found)),
  };
}

function describeSetting(
  name: string,
  setting: Setting<unknown> | undefined,
  found: Map<string, Found>,
): DescribedSetting {
  const { value, origin } = found.get(name) ?? { value: undefined, origin: "default" };
  const text = value === undefined ? "" : String(value);
  return { name, value: setting?.secret && text ? "(secret)" : text, origin };
}

function readFlags(settings: Settings, argv: readonly string[]): Map<string, string> {
  const public_ = Object.entries(settings).filter(([, setting]) => !setting.secret);
  const names = ["config", ...public_.map(([name]) => flagName(name))];
  const booleans = new Set(
    public_.filter(([, s]) => typeof s.fallback === "boolean").map(([name]) => flagName(name)),
  );
  const args = argv.map((arg) =>
    arg.startsWith("--") && booleans.has(arg.slice(2)) ? `${arg}=true` : arg,
  );
  try {
    const { values } = parseArgs({
      args,
      options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
    });
    return new Map(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (cause) {
    throw new RuntimeError("CONFIG_INVALID", `read flags: ${(cause as Error).message}`, { cause });
  }
}

function readConfigFile(
  settings: Settings,
  path: string,
  section: string | undefined,
): Map<string, unknown> {
  const content = parseConfigFile(path);
  const file = flatten(section === undefined ? content : memberOf(content, section), "");
  for (const name of file.keys()) {
    if (!(name in settings)) {
      throw new RuntimeError("CONFIG_INVALID", `read ${path}: unknown setting "${name}"`);
    }
  }
  return file;
}

function parseConfigFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    // JSON.parse quotes what it read, which may be a secret: say only where.
    throw new RuntimeError("CONFIG_FILE_UNREADABLE", `read ${path}: not readable JSON`, { cause });
  }
}

function memberOf(content: unknown, section: string): unknown {
  const isObject = typeof content === "object" && content !== null;
  return isObject && Object.hasOwn(content, section) ? Reflect.get(content, section) : {};
}

function flatten(value: unknown, prefix: string): Map<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (prefix === "") throw new RuntimeError("CONFIG_INVALID", "read config file: not an object");
    return new Map([[prefix, value]]);
  }
  const entries = Object.entries(value).flatMap(([name, member]) => [
    ...flatten(member, prefix === "" ? name : `${prefix}.${name}`),
  ]);
  return new Map(entries);
}

interface RawSources {
  flags: Map<string, string>;
  env: Readonly<Record<string, string | undefined>>;
  file: Map<string, unknown>;
}

function findValue(name: string, setting: Setting<unknown>, sources: RawSources): Found {
  const flag = setting.secret ? undefined : sources.flags.get(flagName(name));
  if (flag !== undefined) return { value: flag, origin: "flag" };
  const variable = sources.env[envName(name)];
  if (variable !== undefined && variable !== "") return { value: variable, origin: "environment" };
  const secretFile = setting.secret ? sources.env[`${envName(name)}_FILE`] : undefined;
  if (secretFile) return { value: readSecretFile(name, secretFile), origin: "environment" };
  if (sources.file.has(name)) return { value: sources.file.get(name), origin: "file" };
  return { value: setting.fallback, origin: "default" };
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const message = `read ${envName(name)}_FILE: cannot read ${path}`;
    throw new RuntimeError("CONFIG_FILE_UNREADABLE", message, { cause });
  }
}

function describeProblem(
  name: string,
  setting: Setting<unknown>,
  raw: Found,
  error: z.ZodError,
): string {
  if (raw.value === undefined) {
    const flag = setting.secret ? "" : `--${flagName(name)} or `;
    return `set ${name}: missing (${flag}${envName(name)}): ${setting.about}`;
  }
  // The schema's own words never repeat the value.
  const why = error.issues.map((issue) => issue.message).join(", ");
  return `set ${name} from ${raw.origin}: ${why}`;
}
