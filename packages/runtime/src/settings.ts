// Builders of settings. A setting is a named value with one schema, wherever it comes from:
// flags and environment are text, a config file may hold numbers and booleans.
import { z } from "zod";
import { parseAddress } from "./address.ts";

export interface Setting<T> {
  /** One sentence with unit and limits, for `--help` and documents. */
  readonly about: string;
  readonly schema: z.ZodType<T>;
  /** Unset means required, unless the schema takes undefined. */
  readonly fallback?: string | number | boolean;
  /** Never taken from flags, also taken from a file that NAME_FILE names, never described. */
  readonly secret?: boolean;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

export interface SettingOptions<T> {
  fallback?: T & (string | number | boolean);
  secret?: boolean;
}

export function textSetting(
  about: string,
  options: SettingOptions<string> & { bytesMax?: number } = {},
): Setting<string> {
  return setting(
    about,
    z
      .string()
      .min(1)
      .max(options.bytesMax ?? 4096),
    options,
  );
}

export function optionalTextSetting(
  about: string,
  options: { secret?: boolean } = {},
): Setting<string | undefined> {
  return setting(about, z.string().min(1).max(4096).optional(), options);
}

export function choiceSetting<const C extends readonly [string, ...string[]]>(
  about: string,
  choices: C,
  options: { fallback?: C[number] } = {},
): Setting<C[number]> {
  return setting<C[number]>(about, z.enum(choices) as z.ZodType<C[number]>, options);
}

export function integerSetting(
  about: string,
  options: { min: number; max: number; fallback?: number },
): Setting<number> {
  const number = z.preprocess(toNumber, z.number().int().min(options.min).max(options.max));
  return setting(about, number, options);
}

/** An integer that may be left out; another part then has its own default. */
export function optionalIntegerSetting(
  about: string,
  options: { min: number; max: number },
): Setting<number | undefined> {
  const range = z.number().int().min(options.min).max(options.max).optional();
  return setting(about, z.preprocess(toNumber, range), {});
}

export function booleanSetting(
  about: string,
  options: { fallback?: boolean } = {},
): Setting<boolean> {
  return setting(about, z.preprocess(toBoolean, z.boolean()), options);
}

/** The URI of a key source. Anything else may be a key pasted by mistake and is never repeated. */
export function keyUriSetting(about: string): Setting<string> {
  const uri = z
    .string()
    .max(4096)
    .regex(/^[a-z][a-z0-9-]*:\/\//, "expected a key source URI");
  return setting(about, uri, {});
}

/** `host:port` or `[v6]:port`; port 0 takes any free one. */
export function addressSetting(
  about: string,
  options: { fallback?: string } = {},
): Setting<string> {
  return setting(about, z.string().refine(isAddress, "expected host:port"), options);
}

export function optionalAddressSetting(about: string): Setting<string | undefined> {
  return setting(about, z.string().refine(isAddress, "expected host:port").optional(), {});
}

function setting<T>(about: string, schema: z.ZodType<T>, options: SettingOptions<T>): Setting<T> {
  return {
    about,
    schema,
    ...(options.fallback === undefined ? {} : { fallback: options.fallback }),
    ...(options.secret ? { secret: true } : {}),
  };
}

function toNumber(value: unknown): unknown {
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

function toBoolean(value: unknown): unknown {
  if (value === "true" || value === "1") return true;
  return value === "false" || value === "0" ? false : value;
}

function isAddress(value: string): boolean {
  try {
    parseAddress(value);
    return true;
  } catch {
    return false;
  }
}
