// Where a verb finds the server, its token and the store: flags beat environment beats the config
// file beats the data folder's running instance. Secrets come from files and variables, never argv.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { CliError } from "./errors.ts";

/** Global flags as commander hands them over. */
export interface GlobalFlags {
  readonly server?: string;
  readonly data?: string;
  readonly tokenFile?: string;
  readonly config?: string;
  readonly state?: string;
  readonly policy?: string;
  readonly logKey?: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

type SettingOrigin = "flag" | "environment" | "file" | "running instance" | "default";

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly origin: SettingOrigin;
}

export interface Settings {
  readonly data: string;
  readonly server: string;
  readonly token: string | undefined;
  readonly statePath: string;
  readonly policyPath: string | undefined;
  readonly logKey: string | undefined;
  readonly timeoutMs: number;
  /** What is in force and where it comes from, without secrets. */
  readonly shown: readonly Setting[];
}

export interface RunFile {
  readonly pid: number;
  readonly startedAt: string;
  readonly addresses: { readonly grpc: string; readonly admin: string; readonly tiles?: string };
  readonly token?: string;
  readonly principal?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SERVER = "127.0.0.1:7443";
const CONFIG_NAMES = [
  "server",
  "data",
  "tokenFile",
  "state",
  "policy",
  "logKey",
  "timeout",
] as const;
type ConfigName = (typeof CONFIG_NAMES)[number];

export async function readSettings(
  flags: GlobalFlags,
  environment: Environment = process.env,
): Promise<Settings> {
  const config = await readConfig(flags.config ?? environment.STRONGROOM_CONFIG);
  const shown: Setting[] = [];
  const pick = (name: ConfigName): string | undefined => {
    const candidates = [
      ["flag", flags[name]],
      ["environment", environment[variableOf(name)]],
      ["file", config[name]],
    ] as const;
    const found = candidates.find(([, value]) => value !== undefined && value !== "");
    if (found?.[1] !== undefined) shown.push({ name, value: found[1], origin: found[0] });
    return found?.[1];
  };
  const data = resolve(pick("data") ?? fallBack(shown, "data", "./data"));
  const run = await readRunFile(data);
  const asked = pick("server");
  const server = asked ?? run?.addresses.grpc ?? DEFAULT_SERVER;
  if (asked === undefined) {
    shown.push({ name: "server", value: server, origin: run ? "running instance" : "default" });
  }
  // The instance's token is for the instance: another server must not see it.
  const own = run !== undefined && server === run.addresses.grpc;
  const tokenFile = pick("tokenFile");
  const token = await readToken({
    flags,
    environment,
    tokenFile,
    run: own ? run : undefined,
    shown,
  });
  const statePath =
    pick("state") ?? fallBack(shown, "state", defaultState(data, server, own, environment));
  return {
    data,
    server,
    token,
    statePath: resolve(statePath),
    policyPath: pick("policy"),
    logKey: pick("logKey"),
    timeoutMs: parseTimeout(pick("timeout") ?? fallBack(shown, "timeout", "30")),
    shown,
  };
}

/** data/run.json, if an instance left one. */
export async function readRunFile(data: string): Promise<RunFile | undefined> {
  try {
    const run = JSON.parse(await readFile(join(data, "run.json"), "utf8")) as RunFile;
    return typeof run.addresses?.grpc === "string" ? run : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a file that the caller named. */
export async function readTextFile(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytesFile(path));
}

export async function readBytesFile(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const code = missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE";
    throw new CliError(code, `read ${path}: ${missing ? "no such file" : reasonOf(cause)}`, {
      cause,
    });
  }
}

function variableOf(name: string): string {
  return `STRONGROOM_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

async function readConfig(path: string | undefined): Promise<Partial<Record<ConfigName, string>>> {
  if (path === undefined || path === "") return {};
  const text = await readTextFile(path);
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new CliError("USAGE", `parse ${path}: not JSON`, { cause });
  }
  // One file may serve every process; this one's settings are the member "cli".
  const own = typeof config === "object" && config !== null && "cli" in config ? config.cli : {};
  if (typeof own !== "object" || own === null) throw new CliError("USAGE", `parse ${path}: cli`);
  for (const [name, value] of Object.entries(own)) {
    const known = CONFIG_NAMES.some((allowed) => allowed === name);
    if (!known || typeof value !== "string") {
      throw new CliError("USAGE", `parse ${path}: member ${name} is unknown or not a string`);
    }
  }
  return own;
}

async function readToken(from: {
  flags: GlobalFlags;
  environment: Environment;
  tokenFile: string | undefined;
  run: RunFile | undefined;
  shown: Setting[];
}): Promise<string | undefined> {
  const { flags, environment, tokenFile, run, shown } = from;
  const tell = (origin: SettingOrigin) => shown.push({ name: "token", value: "(secret)", origin });
  const variable = environment.STRONGROOM_TOKEN;
  if (flags.tokenFile === undefined && variable) {
    tell("environment");
    return variable.trim();
  }
  if (tokenFile !== undefined) {
    tell("file");
    return (await readTextFile(tokenFile)).trim();
  }
  if (run?.token !== undefined) tell("running instance");
  return run?.token;
}

/** Beside the data folder's own instance, or one file per server; in the home without a folder. */
function defaultState(
  data: string,
  server: string,
  own: boolean,
  environment: Environment,
): string {
  if (own) return instanceStatePath(data);
  const file = `${server.replaceAll(/[^a-zA-Z0-9.]/g, "_")}.json`;
  if (existsSync(data)) return join(data, `client-state-${file}`);
  const folder = environment.XDG_STATE_HOME || join(homedir(), ".local", "state");
  return join(folder, "strongroom", file);
}

/** What the clients of the data folder's own instance have pinned. */
export function instanceStatePath(data: string): string {
  return join(data, "client-state.json");
}

function fallBack(shown: Setting[], name: string, value: string): string {
  shown.push({ name, value, origin: "default" });
  return value;
}

function parseTimeout(seconds: string): number {
  const value = Number(seconds);
  if (!Number.isFinite(value) || value <= 0 || value > 86_400) {
    throw new CliError("USAGE", "--timeout takes seconds, more than 0 and at most 86400");
  }
  return Math.round(value * 1000);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "failed";
}
