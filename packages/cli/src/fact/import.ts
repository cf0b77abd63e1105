// JSON lines → facts, in order, with back-pressure. Resumable by a progress file beside the file;
// what was sent twice lands once, by content id. Standard input keeps no progress.
import { access } from "node:fs/promises";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import type { AppendOutcome, Client, FactInput } from "@strongroom/client";
import { type Fact, FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { readAuthorSeeds } from "./author-key.ts";
import {
  type ImportProgress,
  nonceOf,
  openProgress,
  saltOf,
  saveProgress,
} from "./import-progress.ts";
import { type Line, readLines } from "./json-lines.ts";

interface ImportFlags {
  readonly progressFile?: string;
  readonly nonce: boolean;
  readonly authorKeyFile?: readonly string[];
  readonly batchFacts: string;
}

interface LineError {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

interface WaitingLine {
  readonly number: number;
  readonly end: number;
  /** Whether an outcome will come for it. */
  readonly sent: boolean;
  readonly error?: LineError;
}

const ERRORS_SHOWN_MAX = 1_000;
const SAVE_EVERY_MS = 1_000;

export const importVerb: Verb<ImportFlags> = async (context, [file = ""], flags) => {
  if (file !== "-") await requireFile(file);
  const progressFile = file === "-" ? undefined : (flags.progressFile ?? `${file}.progress`);
  const options = {
    authorSeeds: await readAuthorSeeds(flags.authorKeyFile),
    withoutNonce: !flags.nonce,
    batchFacts: Number(parseCount("--batch-facts", flags.batchFacts)),
    signal: context.signal,
  };
  const job = new ImportJob(context, file, progressFile);
  await job.open(options.withoutNonce);
  await withClient(context, (client) => job.run(client, options));
  await job.report();
};

type ManyOptions = NonNullable<Parameters<Client["appendMany"]>[1]>;

class ImportJob {
  readonly #context: Context;
  readonly #file: string;
  readonly #progressFile: string | undefined;
  readonly #errors: LineError[] = [];
  /** Lines that were read and have no outcome yet, oldest first. */
  readonly #waiting: WaitingLine[] = [];
  #salt: Uint8Array | undefined;
  #progress: ImportProgress | undefined;
  #counts = { appended: 0, existing: 0, failed: 0 };
  #offset = 0;
  #line = 0;
  #treeSize = 0n;
  /** Of this run; the counts also hold those of the runs that it resumes. */
  #refusedNow = 0;

  constructor(context: Context, file: string, progressFile: string | undefined) {
    this.#context = context;
    this.#file = file;
    this.#progressFile = progressFile;
  }

  async open(withoutNonce: boolean): Promise<void> {
    if (this.#progressFile === undefined) return;
    const progress = await openProgress(this.#file, this.#progressFile);
    const { appended, existing, failed, offset, line } = progress;
    this.#progress = progress;
    this.#counts = { appended, existing, failed };
    this.#offset = offset;
    this.#line = line;
    if (!withoutNonce) this.#salt = saltOf(progress);
    // Before the first fact leaves: a crash must find the same salt again.
    await this.#save();
    if (offset > 0) this.#context.output.notice(`resuming behind line ${line}`);
  }

  async run(client: Client, options: ManyOptions): Promise<void> {
    const bar = this.#context.output.progress("importing");
    let savedAtMs = Date.now();
    try {
      for await (const outcome of client.appendMany(this.#facts(), options)) {
        this.#settle(outcome);
        const done = this.#counts.appended + this.#counts.existing + this.#counts.failed;
        bar.at(done);
        if (Date.now() - savedAtMs > SAVE_EVERY_MS) {
          await this.#save();
          savedAtMs = Date.now();
        }
      }
      this.#settleRefused();
    } finally {
      bar.end();
      await this.#save();
    }
  }

  async report(): Promise<void> {
    const { output } = this.#context;
    const counts = Object.fromEntries(
      Object.entries(this.#counts).map(([name, count]) => [name, String(count)]),
    );
    const treeSize = this.#treeSize === 0n ? {} : { treeSize: String(this.#treeSize) };
    const summary = { lines: String(this.#line), ...counts, ...treeSize, errors: this.#errors };
    if (this.#refusedNow > 0) {
      const message = `${this.#refusedNow} lines were refused`;
      throw new CliError("LINES_REFUSED", message, { shown: summary });
    }
    const { appended, existing } = this.#counts;
    if (output.json) await output.document(summary);
    else await output.lines(`${appended} appended, ${existing} were there before`);
  }

  async *#facts(): AsyncGenerator<FactInput, void, undefined> {
    const start = { offset: this.#offset, line: this.#line };
    for await (const line of readLines(this.#file, start)) {
      const { number, end } = line;
      const fact = this.#parse(line);
      if (fact instanceof Error) {
        const error = { line: number, code: "MALFORMED_FACT", message: fact.message };
        this.#waiting.push({ number, end, sent: false, error });
      } else {
        this.#waiting.push({ number, end, sent: fact !== undefined });
        if (fact !== undefined) yield fact;
      }
    }
  }

  /** The fact of a line, undefined for a blank one, or why it is none. */
  #parse(line: Line): Fact | Error | undefined {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(line.bytes).trim();
      if (text === "") return undefined;
      const json = JSON.parse(text) as { fact?: JsonValue };
      // A line of `fact export` holds the fact as a member.
      const isExported = typeof json === "object" && json !== null && "fact" in json;
      const fact = fromJson(FactSchema, (isExported ? json.fact : json) as JsonValue);
      if (this.#salt !== undefined && fact.nonce.length === 0) {
        fact.nonce = nonceOf(this.#salt, line.number, line.bytes);
      }
      return fact;
    } catch (cause) {
      // Parser messages quote their input: keep content out of errors.
      return new Error(cause instanceof SyntaxError ? "not JSON" : "not a fact", { cause });
    }
  }

  /** The outcome belongs to the oldest line that was sent. */
  #settle(outcome: AppendOutcome): void {
    this.#settleRefused();
    const line = this.#waiting.shift();
    if (line === undefined) return;
    this.#line = line.number;
    this.#offset = line.end;
    if ("error" in outcome) {
      const { code, message } = outcome.error;
      this.#refuse({ line: line.number, code, message });
    } else {
      this.#counts[outcome.existing ? "existing" : "appended"]++;
      if (outcome.treeSize > this.#treeSize) this.#treeSize = outcome.treeSize;
    }
    this.#settleRefused();
  }

  /** Passes over blank lines and lines that were never sent. */
  #settleRefused(): void {
    for (let [line] = this.#waiting; line !== undefined; [line] = this.#waiting) {
      if (line.sent) return;
      this.#waiting.shift();
      this.#line = line.number;
      this.#offset = line.end;
      if (line.error !== undefined) this.#refuse(line.error);
    }
  }

  #refuse(error: LineError): void {
    this.#counts.failed++;
    this.#refusedNow++;
    if (this.#errors.length < ERRORS_SHOWN_MAX) this.#errors.push(error);
    this.#context.output.notice(`line ${error.line}: ${error.message} (${error.code})`);
  }

  async #save(): Promise<void> {
    if (this.#progressFile === undefined || this.#progress === undefined) return;
    await saveProgress(this.#file, this.#progressFile, {
      ...this.#progress,
      ...this.#counts,
      offset: this.#offset,
      line: this.#line,
    });
  }
}

async function requireFile(file: string): Promise<void> {
  try {
    await access(file);
  } catch (cause) {
    throw new CliError("FILE_NOT_FOUND", `read ${file}: no such file`, { cause });
  }
}
