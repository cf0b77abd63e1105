// Bounded reads of a transparency log over HTTP.
import { CliError } from "../errors.ts";

// An entries tile may hold 256 entries of 64 KiB.
const ANSWER_BYTES_MAX = 17 * 1024 * 1024;

export interface LogReader {
  readonly url: string;
  /** Undefined for 404. Throws TREE_UNAVAILABLE. */
  get(path: string): Promise<Uint8Array | undefined>;
  post(path: string, document: unknown): Promise<Uint8Array | undefined>;
}

export function openLogReader(url: string, timeoutMs: number): LogReader {
  const base = url.replace(/\/$/, "");
  const ask = async (path: string, init: RequestInit) => {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(`${base}${path}`, { ...init, redirect: "error", signal });
      if (response.status === 404) return undefined;
      if (!response.ok) throw unavailable(base, path, `status ${response.status}`);
      return await readBounded(response, base, path);
    } catch (cause) {
      if (cause instanceof CliError) throw cause;
      throw unavailable(base, path, "no answer", cause);
    }
  };
  return {
    url: base,
    get: (path) => ask(path, {}),
    post: (path, document) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(document),
      }),
  };
}

async function readBounded(response: Response, base: string, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw unavailable(base, path, "answer is too long");
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

export function unavailable(base: string, path: string, why: string, cause?: unknown): CliError {
  return new CliError("TREE_UNAVAILABLE", `read ${base}${path}: ${why}`, { cause });
}
