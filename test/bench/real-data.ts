// Two public data sets that come inside npm packages, as facts: what every release of every
// browser supports and how much it is used (caniuse-lite), and the registry of media types
// (mime-db). Deterministic: no nonce and no clock, so that a second import adds nothing.
//   npm run --silent real-data -- --small > facts.jsonl     a few hundred facts, for the tour
//   npm run --silent real-data > facts.jsonl                all of them, more than 500,000
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, toJsonString } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Fact, FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";

/** What encodeFact() and create() take. */
export interface FactInit {
  scope: string;
  entity: string;
  relation: string;
  value: Fact["value"];
  source: string;
  assertedAt?: Timestamp;
}

interface Agent {
  browser: string;
  prefix: string;
  prefix_exceptions?: Record<string, string>;
  usage_global: Record<string, number>;
  /** Unix seconds; null for a release that is not out yet. */
  release_date: Record<string, number | null>;
}
interface Feature {
  title: string;
  status: string;
  stats: Record<string, Record<string, string>>;
}
interface CaniuseLite {
  agents: Record<string, Agent>;
  features: Record<string, unknown>;
  feature(packed: unknown): Feature;
  region(packed: unknown): Record<string, Record<string, number | null>>;
}
interface MimeType {
  source?: "iana" | "apache" | "nginx";
  charset?: string;
  compressible?: boolean;
  extensions?: string[];
}

const require = createRequire(import.meta.url);
const caniuse: CaniuseLite = require("caniuse-lite");
const mimeTypes: Record<string, MimeType> = require("mime-db");
const CANIUSE_SOURCE = `caniuse-lite@${require("caniuse-lite/package.json").version}`;
const MIME_SOURCE = `mime-db@${require("mime-db/package.json").version}`;
const SMALL_FACTS = 500;

/** Every fact, always in the same order. */
export async function* realFacts(): AsyncGenerator<FactInit> {
  yield* mimeFacts();
  yield* browserFacts();
  yield* featureFacts();
  yield* usageByRegion();
}

function* mimeFacts(): Generator<FactInit> {
  for (const [name, type] of Object.entries(mimeTypes)) {
    const about = { scope: `mime/${type.source ?? "unregistered"}`, entity: name };
    const source = type.source === undefined ? MIME_SOURCE : `${MIME_SOURCE} ${type.source}`;
    const fact = (relation: string, value: Fact["value"]): FactInit => ({
      ...about,
      relation,
      source,
      value,
    });
    yield fact("top-level-type", text(name.split("/")[0] ?? name));
    if (type.compressible !== undefined) {
      yield fact("compressible", { case: "boolean", value: type.compressible });
    }
    if (type.charset !== undefined) yield fact("charset", text(type.charset));
    for (const extension of type.extensions ?? []) yield fact("extension", text(extension));
  }
}

function* browserFacts(): Generator<FactInit> {
  for (const [id, agent] of Object.entries(caniuse.agents)) {
    yield about(id, `browser/${id}`, "name", text(agent.browser));
    yield about(id, `browser/${id}`, "css-prefix", text(agent.prefix));
    for (const [version, releasedAt] of Object.entries(agent.release_date)) {
      const release = releaseName(id, version);
      yield about(id, release, "browser", { case: "ref", value: `browser/${id}` });
      if (releasedAt !== null) {
        yield about(id, release, "released", { case: "datetime", value: seconds(releasedAt) });
      }
      const share = agent.usage_global[version];
      if (share !== undefined) {
        yield about(id, release, "usage-percent/world", { case: "number", value: share });
      }
    }
  }
}

// One release's support is a flag (y, a = partly, p = polyfill, n, u = unknown), then x where a
// prefix is needed, d where a user must enable it, and #N for each footnote.
function* featureFacts(): Generator<FactInit> {
  for (const [feature, packed] of Object.entries(caniuse.features)) {
    const { title, status, stats } = caniuse.feature(packed);
    const entity = `feature/${feature}`;
    yield about("features", entity, "title", { case: "text", value: title });
    yield about("features", entity, "status", text(status));
    for (const [id, versions] of Object.entries(stats)) {
      for (const [version, flags] of Object.entries(versions)) {
        yield* supportFacts({ id, version, feature, flags: flags.split(" ") });
      }
    }
  }
}

function* supportFacts(support: {
  id: string;
  version: string;
  feature: string;
  flags: string[];
}): Generator<FactInit> {
  const { id, version, feature, flags } = support;
  const agent = caniuse.agents[id];
  const releasedAt = agent?.release_date[version] ?? null;
  const fact = (relation: string, value: Fact["value"]): FactInit => ({
    ...about(id, releaseName(id, version), `${relation}/${feature}`, value),
    ...(releasedAt !== null && { assertedAt: seconds(releasedAt) }),
  });
  for (const flag of flags) {
    if (flag === "x") {
      yield fact("prefix", text(agent?.prefix_exceptions?.[version] ?? agent?.prefix ?? ""));
    } else if (flag === "d") yield fact("enabled-by-default", { case: "boolean", value: false });
    else if (flag.startsWith("#")) {
      yield fact("footnote", { case: "integer", value: BigInt(flag.slice(1)) });
    } else yield fact("supports", text(flag));
  }
}

function* usageByRegion(): Generator<FactInit> {
  const folder = join(dirname(require.resolve("caniuse-lite/package.json")), "data/regions");
  for (const file of readdirSync(folder).sort()) {
    const region = file.replace(/\.js$/, "");
    const shares = caniuse.region(require(join(folder, file)));
    for (const [id, versions] of Object.entries(shares)) {
      for (const [version, share] of Object.entries(versions)) {
        if (share === null) continue;
        const release = releaseName(id, version === "0" ? "all" : version);
        yield about(id, release, `usage-percent/${region}`, { case: "number", value: share });
      }
    }
  }
}

function about(scope: string, entity: string, relation: string, value: Fact["value"]): FactInit {
  return { scope: `web/${scope}`, entity, relation, value, source: CANIUSE_SOURCE };
}

function releaseName(id: string, version: string): string {
  return `browser/${id}/${version}`;
}

function text(value: string): Fact["value"] {
  return { case: "string", value };
}

function seconds(value: number): Timestamp {
  return timestampFromMs(value * 1000);
}

async function main(): Promise<void> {
  const limit = process.argv.includes("--small") ? SMALL_FACTS : Number.POSITIVE_INFINITY;
  process.stdout.on("error", () => process.exit(0)); // the reader has seen enough
  let written = 0;
  for await (const fact of realFacts()) {
    if (written === limit) break;
    const line = `${toJsonString(FactSchema, create(FactSchema, fact))}\n`;
    if (!process.stdout.write(line)) {
      await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
    written += 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
