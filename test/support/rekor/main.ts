// The same Rekor as a program: `node main.js [--version 1|2] [--hostname NAME] [--interval-ms N]
// [--port N] [--read-port N] [--trusted-root FILE]`. Prints one JSON line with its addresses once
// it listens. Its control port takes `POST /fault` ({"fault":{…},"on":…,"times":…}), `DELETE
// /fault`, `POST /restart` ({"forget":N}), `POST /down`, `POST /up` and `GET /state`.
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { type Rekor, startRekor } from "./start-rekor.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      version: { type: "string", default: "2" },
      hostname: { type: "string", default: "rekor.test" },
      "interval-ms": { type: "string", default: "0" },
      port: { type: "string", default: "0" },
      "read-port": { type: "string", default: "0" },
      "trusted-root": { type: "string" },
    },
  });
  const rekor = await startRekor({
    version: values.version === "1" ? 1 : 2,
    hostname: values.hostname,
    checkpointIntervalMs: Number(values["interval-ms"]),
    port: Number(values.port),
    readPort: Number(values["read-port"]),
  });
  const file = values["trusted-root"];
  if (file !== undefined) writeFileSync(file, rekor.trustedRoot);
  const control = await listen(rekor);
  const { url, readUrl } = rekor;
  console.log(JSON.stringify({ url, readUrl, control, pid: process.pid }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
}

async function listen(rekor: Rekor): Promise<string> {
  const server = createServer((request, response) => {
    steer(rekor, request).then(
      (state) => response.end(JSON.stringify(state)),
      (error) => response.writeHead(400).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function steer(rekor: Rekor, request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const asked = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString("utf8"));
  const route = `${request.method} ${request.url}`;
  if (route === "POST /fault") rekor.fault(asked.fault, asked);
  else if (route === "DELETE /fault") rekor.clearFaults();
  else if (route === "POST /restart") await rekor.restart(asked);
  else if (route === "POST /down") await rekor.down();
  else if (route === "POST /up") await rekor.up();
  else if (route !== "GET /state") throw new Error(`unknown route ${route}`);
  const { submissions, log } = rekor;
  return { submissions, size: log.tree.size, published: log.checkpoint.size };
}

await main();
