// A TUF repository on loopback that publishes what a test tells it, signed rightly or wrongly.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface Key {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicHex: string;
}

interface Published {
  readonly version: number;
  readonly targets: Readonly<Record<string, string>>;
  /** ISO time; default: in ten years. */
  readonly expires?: string;
  /** Who signs timestamp, snapshot and targets; default: the key of the newest root. */
  readonly key?: Key;
}

export interface TufRepository {
  readonly url: string;
  /** The first root, as an operator would get it by another way. */
  readonly root: string;
  publish(published: Published): void;
  /** The next root, which hands over to another key; signed by the old one and the new one. */
  rotate(): void;
  /** Replaces one file by what its name does not promise. */
  tamper(pattern: RegExp, content: string): void;
  close(): Promise<void>;
}

export function makeTufKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const publicHex = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
  return { id: hash(publicHex), privateKey, publicHex };
}

export async function startTufRepository(): Promise<TufRepository> {
  const files = new Map<string, string>();
  let key = makeTufKey();
  let rootVersion = 1;
  const root = formatRoot(rootVersion, key, [key]);
  files.set("1.root.json", root);
  const server = createServer((request, response) => {
    const content = files.get((request.url ?? "").slice(1));
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root,
    publish: (published) => publish(files, { key, ...published }),
    rotate: () => {
      const next = makeTufKey();
      rootVersion += 1;
      files.set(`${rootVersion}.root.json`, formatRoot(rootVersion, next, [key, next]));
      key = next;
    },
    tamper: (pattern, content) => {
      for (const name of files.keys()) if (pattern.test(name)) files.set(name, content);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function publish(files: Map<string, string>, published: Published & { key: Key }): void {
  const { version, targets, key } = published;
  const expires = published.expires ?? inTenYears();
  const common = { spec_version: "1.0.31", version, expires };
  const listed = Object.entries(targets).map(([name, content]) => {
    files.set(`targets/${hash(content)}.${name}`, content);
    const length = Buffer.byteLength(content);
    return [name, { length, hashes: { sha256: hash(content) } }] as const;
  });
  const write = (name: string, signed: object) => files.set(name, format(signed, [key]));
  const list = { _type: "targets", ...common, targets: Object.fromEntries(listed) };
  write(`${version}.targets.json`, list);
  const meta = (name: string) => ({ meta: { [name]: { version } } });
  write(`${version}.snapshot.json`, { _type: "snapshot", ...common, ...meta("targets.json") });
  write("timestamp.json", { _type: "timestamp", ...common, ...meta("snapshot.json") });
}

function formatRoot(version: number, key: Key, signers: readonly Key[]): string {
  const role = { keyids: [key.id], threshold: 1 };
  const keyval = { public: key.publicHex };
  const signed = {
    _type: "root",
    spec_version: "1.0.31",
    version,
    expires: inTenYears(),
    consistent_snapshot: true,
    keys: { [key.id]: { keytype: "ed25519", scheme: "ed25519", keyval } },
    roles: { root: role, timestamp: role, snapshot: role, targets: role },
  };
  return format(signed, signers);
}

function format(signed: object, signers: readonly Key[]): string {
  const message = Buffer.from(JSON.stringify(sorted(signed)));
  const signatures = signers.map(({ id, privateKey }) => ({
    keyid: id,
    sig: sign(null, message, privateKey).toString("hex"),
  }));
  return JSON.stringify({ signed, signatures });
}

/** What is signed has its members in order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}

function inTenYears(): string {
  const year = new Date().getUTCFullYear() + 10;
  return `${year}-01-01T00:00:00Z`;
}

function hash(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
