// A time stamp authority over a real socket: `openssl ts` answers each query.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startToldServer } from "./told-server.test-kit.ts";

export interface TimestampAuthority {
  readonly url: URL;
  /** PEM. */
  readonly certificatePath: string;
  readonly folder: string;
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
`;

export async function startTimestampAuthority(context: TestContext): Promise<TimestampAuthority> {
  const folder = await mkdtemp(join(tmpdir(), "attestor-tsa-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "conf"), CONFIG);
  await writeFile(join(folder, "serial"), "01\n");
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "tsa.key");
  openssl(..."req -new -x509 -days 30 -config conf -key tsa.key -out tsa.crt".split(" "));
  const url = await startToldServer(context, async (request, response, body) => {
    if (request.headers["content-type"] !== "application/timestamp-query") {
      return void response.writeHead(415).end();
    }
    await writeFile(join(folder, "query"), body);
    openssl(..."ts -reply -queryfile query -config conf -section one -out reply".split(" "));
    response.writeHead(200, { "content-type": "application/timestamp-reply" });
    response.end(await readFile(join(folder, "reply")));
  });
  return { url: new URL(url), certificatePath: join(folder, "tsa.crt"), folder };
}
