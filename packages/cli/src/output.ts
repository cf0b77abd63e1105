// What goes where: documents on stdout, people's tables there too, progress and notices on stderr.
import { once } from "node:events";

export interface Output {
  readonly json: boolean;
  /** One JSON document, or one line of a stream of them; waits for a slow reader. */
  document(value: unknown): Promise<void>;
  /** Lines for people; nothing in --json. */
  lines(...lines: string[]): Promise<void>;
  /** Bytes as they are, in both modes. */
  raw(bytes: Uint8Array | string): Promise<void>;
  /** A notice on stderr. */
  notice(line: string): void;
  progress(label: string): Progress;
}

interface Progress {
  /** Redraws at most ten times a second, and only on a terminal. */
  at(done: number, total?: number): void;
  end(): void;
}

const REDRAW_MS = 100;
const BAR_CELLS = 24;

export function openOutput(json: boolean): Output {
  return {
    json,
    document: (value) => write(`${JSON.stringify(value, stringifyValue)}\n`),
    lines: (...lines) => (json ? Promise.resolve() : write(lines.map((l) => `${l}\n`).join(""))),
    raw: (bytes) => write(bytes),
    notice: (line) => void process.stderr.write(`${line}\n`),
    progress: (label) => openProgress(label),
  };
}

/** Rows under a heading, columns padded to their widest cell. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heading.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => printable(row[i] ?? "").length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => printable(cell).padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(heading), ...rows.map(line)];
}

/** Name and value, one a line. */
export function fields(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`);
}

/** Stored content must not steer the reader's terminal. */
export function printable(content: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  return content.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

async function write(bytes: Uint8Array | string): Promise<void> {
  if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
}

function stringifyValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function openProgress(label: string): Progress {
  if (!process.stderr.isTTY) return { at() {}, end() {} };
  const startedAtMs = Date.now();
  let drawnAtMs = 0;
  const draw = (done: number, total: number | undefined) => {
    const rate = Math.round(done / Math.max(0.001, (Date.now() - startedAtMs) / 1000));
    const filled = total ? Math.round((Math.min(done, total) / total) * BAR_CELLS) : 0;
    const bar = total ? ` [${"#".repeat(filled).padEnd(BAR_CELLS, ".")}]` : "";
    const share = total === undefined ? `${done}` : `${done}/${total}`;
    process.stderr.write(`\r\u001b[K${label}${bar} ${share} (${rate}/s)`);
  };
  return {
    at(done, total) {
      if (Date.now() - drawnAtMs < REDRAW_MS) return;
      drawnAtMs = Date.now();
      draw(done, total);
    },
    end: () => void (drawnAtMs > 0 && process.stderr.write("\r\u001b[K")),
  };
}
