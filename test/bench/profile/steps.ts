// Our own names for what a thread does. A sample belongs to the first rule that fits its innermost
// frame, else the one around it, and so on outwards; within a frame the rules go from top to bottom.

export interface Frame {
  /** `packages/store/src/commit/draft.ts`, `node:internal/crypto/hash`, `native`. */
  file: string;
  name: string;
  /** Text of the line that ran, where it is known. */
  line: string;
}

interface Rule {
  step: string;
  file: RegExp;
  name?: RegExp;
  line?: RegExp;
}

const STORE = "packages/store/src";

const RULES: readonly Rule[] = [
  { step: "idle", file: /^native$/, name: /^\(idle\)$/ },
  { step: "GC", file: /^native$/, name: /^\(garbage collector\)$/ },
  { step: "node itself", file: /^native$/, name: /^\((program|root)\)$/ },
  { step: "thread messages", file: /^native$/, name: /^postMessage$|^structuredClone$/ },
  { step: "thread messages", file: /node:internal\/(worker|per_context\/messageport)/ },
  { step: "thread messages", file: /store\/src\/threads\// },
  { step: "hash", file: /^node:internal\/crypto\/hash|protocol\/src\/crypto\// },
  { step: "sign", file: /protocol\/src\/(ed25519|note|checkpoint|cosignature)\.ts/ },
  { step: "sign", file: /node:internal\/crypto\/(sig|keys)/ },
  { step: "random", file: /node:internal\/crypto\/random/ },
  // Statements of SQLite run inside the line that calls them.
  { step: "journal commit, fsync", file: /sqlite\/journal\.ts/, line: /#commit\.run/ },
  { step: "journal begin", file: /sqlite\/journal\.ts/, line: /#begin\.run/ },
  { step: "journal insert", file: /sqlite\/journal\.ts/, name: /^commit$|insert/i },
  { step: "journal read", file: /sqlite\/journal\.ts/ },
  { step: "index commit, merge", file: /sqlite\/term-index\.ts/, name: /inTransaction/ },
  { step: "index search", file: /sqlite\/term-index\.ts/, name: /newest|searchText|cursor/ },
  { step: "index insert", file: /sqlite\/term-index\.ts/ },
  { step: "state database", file: /sqlite\/state-db\.ts/ },
  { step: "database open, checkpoint", file: /store\/src\/engine\/sqlite\// },
  { step: "anchor", file: new RegExp(`${STORE}/(anchor|commit/anchor-schedule)`) },
  { step: "check, parse", file: /commit\/pack-facts\.ts/, name: /^checkFact$|^packStored$/ },
  { step: "pack", file: /commit\/pack-facts\.ts/ },
  { step: "check, parse", file: /protocol\/src\/(fact|scope|author|canonical|wire|timestamp)\.ts/ },
  { step: "leaf, evidence, chain", file: /commit\/draft\.ts|protocol\/src\/(leaf|evidence)\.ts/ },
  { step: "leaf, evidence, chain", file: /engine\/pack-evidence\.ts/ },
  { step: "tree, tiles", file: /commit\/tree-edge\.ts|protocol\/src\/(tree|tile)\.ts/ },
  { step: "tree, tiles", file: /store\/src\/read\/(log-tree|tree-reader)\.ts/ },
  { step: "filter", file: /commit\/(known-facts|cid-filter|recent-cids)\.ts/ },
  { step: "scope heads", file: /commit\/(scope-heads|scope-of-entry)\.ts/ },
  { step: "commit loop", file: new RegExp(`${STORE}/commit/(commit-thread|writer|checkpoint)`) },
  { step: "hand to the index", file: /commit\/index-follower\.ts/ },
  { step: "append, caller's side", file: /commit\/appender\.ts/ },
  { step: "index terms", file: new RegExp(`${STORE}/index/(terms|row-builder)`) },
  { step: "indexer loop", file: new RegExp(`${STORE}/index/`) },
  { step: "query", file: new RegExp(`${STORE}/read/query/`) },
  { step: "read, watch", file: new RegExp(`${STORE}/read/`) },
  { step: "receipt", file: /protocol\/src\/(verify-)?receipt/ },
  { step: "verify", file: new RegExp(`${STORE}/verify/`) },
  { step: "open, keys", file: new RegExp(`${STORE}/(open|keys)/`) },
  { step: "state, principals", file: new RegExp(`${STORE}/state/`) },
  { step: "store", file: new RegExp(STORE) },
  { step: "protobuf", file: /@bufbuild\/protobuf/ },
  { step: "http2", file: /node:(internal\/)?http2/ },
  { step: "sockets", file: /node:(net|internal\/(stream_base|streams))/ },
  { step: "grpc-js", file: /@grpc\/grpc-js/ },
  { step: "service: grpc adapter", file: /services\/storage\/src\/grpc/ },
  { step: "service: authorise", file: /services\/storage\/src\/(gate|access|call-limits)/ },
  { step: "service: methods", file: /services\/storage\/src/ },
  { step: "client", file: /packages\/client\/src/ },
  { step: "UTF-8, hex, bytes", file: /protocol\/src\/bytes\.ts/ },
  { step: "protocol", file: /packages\/protocol\/src/ },
  { step: "load modules", file: /node:internal\/modules|source_map|vm/ },
  { step: "the bench itself", file: /test\/bench\// },
];

const known = new Map<string, string | undefined>();

/** The step of a stack, innermost frame first. */
export function stepOf(stack: readonly Frame[]): string {
  for (const frame of stack) {
    const step = ruleOf(frame);
    if (step !== undefined) return step;
  }
  return "node itself";
}

function ruleOf(frame: Frame): string | undefined {
  const key = `${frame.file}#${frame.name}#${frame.line}`;
  if (!known.has(key)) known.set(key, RULES.find((rule) => fits(rule, frame))?.step);
  return known.get(key);
}

function fits(rule: Rule, { file, name, line }: Frame): boolean {
  if (!rule.file.test(file)) return false;
  if (rule.name && !rule.name.test(name)) return false;
  return rule.line?.test(line) ?? true;
}
