// Lines of a file with the byte offset behind each, so that a reader can resume.
import { createReadStream } from "node:fs";
import { CliError } from "../errors.ts";

export interface Line {
  /** 1-based. */
  readonly number: number;
  /** Without its newline. */
  readonly bytes: Uint8Array;
  /** Offset of the first byte behind the newline. */
  readonly end: number;
}

/** A line holds one fact of at most 1 MiB, in JSON with base64. */
const LINE_BYTES_MAX = 4 * 1024 * 1024;
const NEWLINE = 10;

export async function* readLines(
  file: string,
  start: { readonly offset: number; readonly line: number },
): AsyncGenerator<Line, void, undefined> {
  const source = file === "-" ? process.stdin : createReadStream(file, { start: start.offset });
  let number = start.line;
  let end = start.offset;
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let next = buffer.indexOf(NEWLINE); next >= 0; next = buffer.indexOf(NEWLINE, at)) {
      const bytes = buffer.subarray(at, next);
      at = next + 1;
      end += bytes.length + 1;
      yield { number: ++number, bytes, end };
    }
    rest = buffer.subarray(at);
    if (rest.length > LINE_BYTES_MAX) {
      throw new CliError("USAGE", `read ${file}: line ${number + 1} is over 4 MiB`);
    }
  }
  if (rest.length > 0) yield { number: ++number, bytes: rest, end: end + rest.length };
}
