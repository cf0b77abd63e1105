// The trusted root and the signing configuration of a Sigstore instance, fetched over TUF: every
// byte is signed by the repository's root, which the operator gave or, for the public instance, the
// client ships. Nothing here runs unless a person asked for it.
import { mkdir } from "node:fs/promises";
import { CliError } from "../errors.ts";

export interface FetchTrustOptions {
  /** Base address of the TUF repository; the public Sigstore instance's if unset. */
  readonly mirror?: string | undefined;
  /** File with the first root to trust; needed for any other repository, at the first time. */
  readonly tufRoot?: string | undefined;
  /** Folder that remembers the newest metadata, so that an older one is refused. */
  readonly cache: string;
  readonly timeoutMs: number;
}

export interface FetchedTrust {
  readonly mirror: string;
  /** Sigstore TrustedRoot, JSON in UTF-8, as published. */
  readonly trustedRoot: Uint8Array;
  /** Sigstore SigningConfig, JSON in UTF-8; absent where the repository has none. */
  readonly signingConfig?: Uint8Array;
}

const TRUSTED_ROOT = "trusted_root.json";
const SIGNING_CONFIG = "signing_config.v0.2.json";

/** Throws TRUST_UNAVAILABLE when nothing answers, TRUST_INVALID when what answers is not signed so. */
export async function fetchTrust(options: FetchTrustOptions): Promise<FetchedTrust> {
  const { DEFAULT_MIRROR_URL, initTUF } = await import("@sigstore/tuf");
  const mirror = (options.mirror ?? DEFAULT_MIRROR_URL).replace(/\/$/, "");
  await mkdir(options.cache, { recursive: true, mode: 0o700 });
  try {
    const tuf = await initTUF({
      mirrorURL: mirror,
      cachePath: options.cache,
      ...(options.tufRoot === undefined ? {} : { rootPath: options.tufRoot }),
      retry: { retries: 1 },
      timeout: options.timeoutMs,
    });
    const trustedRoot = new TextEncoder().encode(await tuf.getTarget(TRUSTED_ROOT));
    const config = await tuf.getTarget(SIGNING_CONFIG).catch(unlessAbsent);
    if (config === undefined) return { mirror, trustedRoot };
    return { mirror, trustedRoot, signingConfig: new TextEncoder().encode(config) };
  } catch (cause) {
    throw trustError(mirror, cause);
  }
}

function unlessAbsent(cause: unknown): undefined {
  const isAbsent = chainOf(cause).some(
    (error) => "code" in error && error.code === "TUF_FIND_TARGET_ERROR",
  );
  if (!isAbsent) throw cause;
}

function trustError(mirror: string, cause: unknown): CliError {
  const chain = chainOf(cause);
  const isUnreachable = chain.some(
    (error) =>
      error.constructor.name === "DownloadHTTPError" ||
      ("code" in error && /^(E[A-Z]{4,}|UND_ERR_\w+)$/.test(String(error.code))),
  );
  const code = isUnreachable ? "TRUST_UNAVAILABLE" : "TRUST_INVALID";
  const why = chain.at(-1)?.message ?? "failed";
  return new CliError(code, `fetch trust from ${mirror}: ${why}`, { cause });
}

function chainOf(cause: unknown): Error[] {
  const chain: Error[] = [];
  for (let at = cause; at instanceof Error && chain.length < 16; at = at.cause) chain.push(at);
  return chain;
}
