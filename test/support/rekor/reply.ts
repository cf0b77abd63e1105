// A request as routes see it, and what they answer.
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** A document, or one that is already text. */
export function json(
  status: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = typeof document === "string" ? document : JSON.stringify(document);
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}
