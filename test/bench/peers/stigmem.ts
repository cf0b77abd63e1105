// Stigmem's node, as its users run it: keys checked, one HTTP request per fact. Its wheel lacks the
// migrations, so the package is run from its source distribution.
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { root } from "../../support/root.ts";
import { type Slice, timed } from "../measure.ts";
import { PeerSkipped, runProgram, startProgram } from "./place.ts";

const VERSION = "0.9.0a12";
const PYTHON_MIN = 11;
const TRIES = 200;
const WAIT_MS = 200;
const KEY = "0".repeat(64);
const SCOPE = "local";

export class Stigmem {
  readonly #child: ChildProcess;
  readonly #base: string;
  #made = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#base = `http://127.0.0.1:${port}`;
  }

  static async start(parent: string): Promise<Stigmem> {
    const { python, source } = install();
    const folder = join(parent, "stigmem");
    mkdirSync(folder);
    const port = await freePort();
    const env = {
      PATH: process.env.PATH,
      PYTHONPATH: join(source, "src"),
      STIGMEM_DB_PATH: join(folder, "stigmem.db"),
      STIGMEM_HOST: "127.0.0.1",
      STIGMEM_PORT: String(port),
      STIGMEM_NODE_URL: `http://127.0.0.1:${port}`,
      STIGMEM_LOG_LEVEL: "error",
    };
    const serve = ["-c", "from stigmem_node.main import run; run()"];
    const child = startProgram(python, serve, { cwd: folder, env });
    child.stdout?.resume();
    const stigmem = new Stigmem(child, port);
    await stigmem.#ready();
    // Its tables are there once it has started.
    const bootstrap = "from stigmem_node.cli import main; main()";
    runProgram(python, ["-c", bootstrap, "auth", "bootstrap-key", "--key", KEY], {
      cwd: folder,
      env,
    });
    return stigmem;
  }

  /** Appends one after another, on one kept connection. */
  append(count: number): Promise<Slice> {
    return timed(count, async () => {
      for (let i = 0; i < count; i++) await this.#post("/v1/facts", this.#fact());
    });
  }

  /** Its verified read: recall, which proves the chain of facts with each answer. */
  read(count: number): Promise<Slice> {
    return timed(count, async () => {
      for (let i = 0; i < count; i++) {
        const query = {
          query: `service-${(i * 7919) % this.#made}`,
          scope: SCOPE,
          limit: 1,
          depth: 1,
        };
        await this.#post("/v1/recall", query);
      }
    });
  }

  get facts(): number {
    return this.#made;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill("SIGTERM");
    await once(this.#child, "exit");
  }

  #fact(): object {
    const n = this.#made++;
    return {
      entity: `stigmem://bench/service/service-${n}`,
      relation: "bench:note",
      value: { type: "text", v: `${n} `.padEnd(200, "amber birch cedar ") },
      source: "agent:admin",
      scope: SCOPE,
      confidence: 1,
    };
  }

  async #post(path: string, body: object): Promise<void> {
    const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(this.#base + path, request);
    const text = await response.text();
    if (!response.ok) throw new Error(`Stigmem ${path}: ${response.status} ${text.slice(0, 200)}`);
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < TRIES && this.#child.exitCode === null; tries++) {
      const answer = await fetch(`${this.#base}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
    throw new PeerSkipped("it did not become healthy");
  }
}

/** Into .setup once: a virtual environment with what it needs, and its source. */
function install(): { python: string; source: string } {
  const folder = join(root, ".setup", `stigmem-${VERSION}`);
  const python = join(folder, "venv/bin/python");
  const done = join(folder, "done");
  const source = join(folder, `stigmem_node-${VERSION}`);
  if (existsSync(done)) return { python, source };
  const minor = spawnSync("python3", ["-c", "import sys; print(sys.version_info[1])"], {
    encoding: "utf8",
  });
  if (!(Number(minor.stdout) >= PYTHON_MIN)) throw new PeerSkipped("it wants Python 3.11 or newer");
  mkdirSync(folder, { recursive: true });
  const wanted = `stigmem-node==${VERSION}`;
  const pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"] as const;
  try {
    runProgram("python3", ["-m", "venv", join(folder, "venv")]);
    const [command, ...args] = pip;
    runProgram(command, [...args, "install", wanted]);
    const download = ["download", "--no-deps", "--no-binary", ":all:", "-d", folder, wanted];
    runProgram(command, [...args, ...download]);
    const archive = readdirSync(folder).find((name) => name.endsWith(".tar.gz")) ?? "";
    runProgram("tar", ["xzf", archive], { cwd: folder });
  } catch (reason) {
    throw new PeerSkipped(`it cannot be installed: ${(reason as Error).message}`);
  }
  writeFileSync(done, "");
  return { python, source };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
