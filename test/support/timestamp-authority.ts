// A time stamp authority over a real socket: `openssl ts` answers each query.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./test-store.ts";

export interface TimestampAuthority {
  readonly url: string;
  readonly folder: string;
  /** A member of `timestampAuthorities` in a Sigstore trusted root. */
  readonly trusted: object;
  /** How many queries it answers with 503 first. */
  refuse(count: number): void;
}

const CONFIG = `
[tsa]
default_tsa = one
[one]
dir = .
serial = serial
crypto_device = builtin
signer_cert = tsa.crt
certs = tsa.crt
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = test time stamp authority
[extensions]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
`;

export async function startTimestampAuthority(context: TestContext): Promise<TimestampAuthority> {
  const folder = temporaryFolder(context);
  await writeFile(join(folder, "conf"), CONFIG);
  await writeFile(join(folder, "serial"), "01\n");
  const run = (line: string) =>
    execFileSync("openssl", line.split(" "), { cwd: folder, stdio: "pipe" });
  run("ecparam -name prime256v1 -genkey -noout -out tsa.key");
  run("ecparam -name prime256v1 -genkey -noout -out ca.key");
  run(
    "req -new -x509 -days 30 -config conf -extensions ca -subj /CN=test-ca -key ca.key -out ca.crt",
  );
  run("req -new -config conf -key tsa.key -out tsa.csr");
  const issued = "-CA ca.crt -CAkey ca.key -CAcreateserial -extfile conf -extensions extensions";
  run(`x509 -req -days 30 -in tsa.csr ${issued} -out tsa.crt`);
  let refusals = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    refusals -= 1;
    if (refusals >= 0) return void response.writeHead(503).end();
    if (request.headers["content-type"] !== "application/timestamp-query") {
      return void response.writeHead(415).end();
    }
    await writeFile(join(folder, "query"), Buffer.concat(parts));
    run("ts -reply -queryfile query -config conf -section one -out reply");
    response.writeHead(200, { "content-type": "application/timestamp-reply" });
    response.end(await readFile(join(folder, "reply")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const certificates = ["tsa.crt", "ca.crt"].map((name) => ({
    rawBytes: run(`x509 -in ${name} -outform DER`).toString("base64"),
  }));
  const trusted = {
    subject: { organization: "test", commonName: "test time stamp authority" },
    certChain: { certificates },
    validFor: { start: "2020-01-01T00:00:00Z" },
  };
  const refuse = (count: number): void => {
    refusals = count;
  };
  return { url, folder, trusted, refuse };
}
