// Writes seeds.json: keyrings and page tokens, which hold random nonces and so cannot be made anew
// for each run. Their keys are in the file: they protect nothing.
// node test/dist/fuzz/make-seeds.js
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/root.ts";
import type { Cipher } from "../support/test-store.ts";
import type { Keyrings, KeySource, PageTokenModule } from "./targets/keys.ts";
import { built, type MadeSeeds } from "./valid-inputs.ts";

const keyrings = await built<Keyrings>("packages/store/dist/keys/keyring.js");
const { formatKeyring } = await built<
  typeof import("../../packages/store/src/keys/keyring-file.js")
>("packages/store/dist/keys/keyring-file.js");
const { PageTokens } = await built<PageTokenModule>("packages/store/dist/read/query/page-token.js");

const key = randomBytes(32);
const source = (): KeySource => ({ kind: "raw", secret: new Uint8Array(key), label: "key" });
const passphrase = (): KeySource => ({
  kind: "passphrase",
  secret: new TextEncoder().encode("a passphrase"),
  label: "passphrase",
});
const storeId = "0f0e0d0c-0b0a-4908-8706-050403020100";
const cheap = { t: 1, m: 19 * 1024, p: 1 };

const texts: string[] = [];
for (const cipher of ["aegis256", "sqlcipher", "chacha20", "none"] as Cipher[]) {
  const made = await keyrings.createKeyring({ cipher, source: source(), storeId });
  texts.push(formatKeyring(made.keyring));
  const two = await keyrings.addSlot(made, passphrase(), cheap);
  texts.push(formatKeyring(two));
  texts.push(formatKeyring(keyrings.markStandby({ ...made, keyring: two }, true)));
}

const pageTokenKey = randomBytes(32);
const tokens = new PageTokens(new Uint8Array(pageTokenKey), storeId);
const pageTokens = ["reader", "auditor", "reader"].map((principal, i) => {
  const queryHash = randomBytes(32);
  const page = { treeSize: 600, asOfSize: 500, asOfMs: 1_700_000_000_000, position: 100 * i };
  const token = tokens.seal(page, { principal, queryHash }, 1_700_000_000_000);
  return { token, principal, queryHash: queryHash.toString("hex") };
});

const seeds: MadeSeeds = {
  storeId,
  key: key.toString("hex"),
  keyrings: texts,
  pageTokenKey: pageTokenKey.toString("hex"),
  pageTokens,
};
writeFileSync(join(root, "test/fuzz/seeds.json"), `${JSON.stringify(seeds, null, 2)}\n`);
