// What attestation rests on, asked of a Rekor: ours on every run, and unchanged of a real one by
// `npm run test:rekor`.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { p256 } from "@noble/curves/nist.js";
import { ed25519Signer, formatTilePath, signCheckpoint } from "@strongroom/protocol";
import {
  type AttestationTrust,
  findLog,
  makeBundle,
  makeRekorRequest,
  parseLogCheckpoint,
  parseRekorV1Answer,
  parseRekorV1Location,
  parseRekorV2Answer,
  type RekorRequest,
  rebuildRekorEntry,
  signNoteForRekor,
  tilesOfEntry,
  verifyAttestation,
} from "@strongroom/protocol/attestation";
import type { RekorVersion } from "../support/rekor/log-key.ts";
import { openRekorUnderTest, type RekorUnderTest } from "../support/rekor/rekor-under-test.ts";
import { refusedV1, refusedV2 } from "./rekor-refusals.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const paths = { 1: "/api/v1/log/entries", 2: "/api/v2/log/entries" } as const;

/** A checkpoint that no log has seen. */
function newNote(): Uint8Array {
  const origin = "strongroom.example/conformance";
  const checkpoint = { origin, size: 7n, root: new Uint8Array(randomBytes(32)) };
  return signCheckpoint(checkpoint, [ed25519Signer(origin, new Uint8Array(32).fill(1))]);
}

function requestFor(version: RekorVersion, note: Uint8Array): RekorRequest {
  const signature = signNoteForRekor(note, privateKey);
  return makeRekorRequest({ version, note, signature, publicKeySpki: spki });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

function submit(rekor: RekorUnderTest, body: string | Uint8Array): Promise<Response> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const signal = AbortSignal.timeout(60_000);
  const url = `${rekor.url}${paths[rekor.version]}`;
  return fetch(url, { method: "POST", headers, body: Buffer.from(body), signal });
}

async function read(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return bytesOf(response);
}

function openFor(version: RekorVersion) {
  let rekor: RekorUnderTest | undefined;
  before(async () => {
    rekor = await openRekorUnderTest(version);
  });
  after(() => rekor?.close());
  const trustOf = ({ trustedRoot }: RekorUnderTest): AttestationTrust => ({
    attestationKeys: [spki],
    trustedRoots: [trustedRoot],
  });
  /** A test that is left out when only a real Rekor of the other version was given. */
  return (name: string, run: (rekor: RekorUnderTest, trust: AttestationTrust) => Promise<void>) =>
    it(name, async (context) => {
      if (rekor) await run(rekor, trustOf(rekor));
      else context.skip("no real Rekor of this version was given");
    });
}

describe("Rekor 2", () => {
  const test = openFor(2);

  test("takes a note and answers with an entry that verifies, without a time", async (rekor, trust) => {
    const note = newNote();
    const request = requestFor(2, note);
    const response = await submit(rekor, request.body);
    assert.equal(response.status, 201);
    const entry = parseRekorV2Answer(await bytesOf(response));
    assert.deepEqual(entry.canonicalizedBody, request.entryBody);
    const bundle = makeBundle({ request: request.body, entry });
    const proven = verifyAttestation(bundle, note, trust);
    assert.equal(proven.logIndex, entry.logIndex);
    assert.equal(proven.timeUnixMs, undefined);
  });

  test("knows the same bytes again by index, and its tiles prove that entry", async (rekor, trust) => {
    const note = newNote();
    const request = requestFor(2, note);
    const first = parseRekorV2Answer(await bytesOf(await submit(rekor, request.body)));
    const again = await submit(rekor, request.body);
    assert.equal(again.status, 409);
    assert.equal(again.headers.get("location"), null);
    const index = BigInt(again.headers.get("x-log-index") ?? "none");
    assert.equal(index, first.logIndex);
    const entry = await rebuild(rekor, trust, { index, request });
    const bundle = makeBundle({ request: request.body, entry });
    assert.equal(verifyAttestation(bundle, note, trust).logIndex, index);
  });

  test("takes many side by side, and proves each of them over several tiles", async (rekor, trust) => {
    const notes = Array.from({ length: 300 }, newNote);
    const requests = notes.map((note) => requestFor(2, note));
    const answers = await Promise.all(requests.map(({ body }) => submit(rekor, body)));
    for (const [i, answer] of answers.entries()) {
      assert.equal(answer.status, 201);
      const request = requests[i] ?? assert.fail();
      const entry = parseRekorV2Answer(await bytesOf(answer));
      const bundle = makeBundle({ request: request.body, entry });
      verifyAttestation(bundle, notes[i] ?? assert.fail(), trust);
      if (i % 50 > 0) continue;
      const rebuilt = await rebuild(rekor, trust, { index: entry.logIndex, request });
      const other = makeBundle({ request: request.body, entry: rebuilt });
      verifyAttestation(other, notes[i] ?? assert.fail(), trust);
    }
  });

  test("takes our signature as (r, n - s) for another entry, which verifies too", async (rekor, trust) => {
    const note = newNote();
    const { r, s } = p256.Signature.fromBytes(signNoteForRekor(note, privateKey), "der");
    const other = new p256.Signature(r, p256.Point.Fn.ORDER - s);
    const indexes = [];
    for (const half of [new p256.Signature(r, s), other]) {
      const signature = half.toBytes("der");
      const request = makeRekorRequest({ version: 2, note, signature, publicKeySpki: spki });
      const response = await submit(rekor, request.body);
      assert.equal(response.status, 201);
      const entry = parseRekorV2Answer(await bytesOf(response));
      const bundle = makeBundle({ request: request.body, entry });
      indexes.push(verifyAttestation(bundle, note, trust).logIndex);
    }
    assert.notEqual(indexes[0], indexes[1]);
  });

  for (const refusal of refusedV2) {
    test(`refuses ${refusal.why} with ${refusal.status}`, async (rekor) => {
      const body = refusal.make(JSON.parse(Buffer.from(requestFor(2, newNote()).body).toString()));
      const response = await submit(rekor, body);
      assert.equal(response.status, refusal.status);
      const { message } = (await response.json()) as { message: string };
      if (refusal.says) assert.match(message, refusal.says);
    });
  }

  test("reads nothing on the port that writes", async (rekor) => {
    for (const path of ["/checkpoint", "/tile/0/000", "/tile/entries/000"]) {
      assert.equal((await fetch(`${rekor.url}/api/v2${path}`)).status, 501, path);
    }
    assert.equal((await fetch(`${rekor.url}${paths[2]}`)).status, 501);
  });
});

async function rebuild(
  rekor: RekorUnderTest,
  trust: AttestationTrust,
  { index, request }: { readonly index: bigint; readonly request: RekorRequest },
) {
  const checkpoint = Buffer.from(await read(`${rekor.readUrl}/checkpoint`)).toString();
  const { name, size } = parseLogCheckpoint(checkpoint);
  const tiles = new Map<string, Uint8Array>();
  for (const tile of tilesOfEntry(index, size)) {
    const partial = await fetch(`${rekor.readUrl}${formatTilePath(tile)}`);
    const whole = { ...tile, width: 256 };
    const bytes = partial.ok
      ? await bytesOf(partial)
      : await read(`${rekor.readUrl}${formatTilePath(whole)}`);
    tiles.set(`${tile.level}/${tile.n}`, bytes);
  }
  return rebuildRekorEntry({
    index,
    entryBody: request.entryBody,
    logId: findLog(trust, name).logId,
    checkpoint,
    tileAt: (level, n) => tiles.get(`${level}/${n}`),
  });
}

describe("Rekor 1", () => {
  const test = openFor(1);

  test("takes a note and answers with an entry that verifies, and a time", async (rekor, trust) => {
    const note = newNote();
    const request = requestFor(1, note);
    const response = await submit(rekor, request.body);
    assert.equal(response.status, 201);
    const entry = parseRekorV1Answer(await bytesOf(response));
    assert.deepEqual(entry.canonicalizedBody, request.entryBody);
    const bundle = makeBundle({ request: request.body, entry });
    const { timeUnixMs = 0 } = verifyAttestation(bundle, note, trust);
    assert.ok(Math.abs(Date.now() - timeUnixMs) < 600_000);
  });

  test("knows the same bytes again by a Location that gives that entry", async (rekor, trust) => {
    const note = newNote();
    const request = requestFor(1, note);
    const first = parseRekorV1Answer(await bytesOf(await submit(rekor, request.body)));
    const again = await submit(rekor, request.body);
    assert.equal(again.status, 409);
    const path = parseRekorV1Location(again.headers.get("location") ?? "");
    const entry = parseRekorV1Answer(await read(`${rekor.url}${path}`));
    assert.equal(entry.logIndex, first.logIndex);
    const bundle = makeBundle({ request: request.body, entry });
    assert.ok(verifyAttestation(bundle, note, trust).timeUnixMs);
  });

  test("finds our entries by key and by digest", async (rekor) => {
    const request = requestFor(1, newNote());
    const uuid = (await submit(rekor, request.body)).headers.get("location")?.split("/").at(-1);
    const { spec } = JSON.parse(Buffer.from(request.body).toString());
    const { content } = spec.signature.publicKey;
    const questions = [
      { hash: `sha256:${spec.data.hash.value}` },
      { publicKey: { format: "x509", content } },
    ];
    for (const question of questions) {
      const response = await fetch(`${rekor.url}/api/v1/index/retrieve`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(question),
      });
      const uuids = (await response.json()) as string[];
      assert.ok(uuids.includes(uuid ?? ""), JSON.stringify(question));
    }
  });

  for (const refusal of refusedV1) {
    test(`refuses ${refusal.why} with ${refusal.status}`, async (rekor) => {
      const body = refusal.make(JSON.parse(Buffer.from(requestFor(1, newNote()).body).toString()));
      assert.equal((await submit(rekor, body)).status, refusal.status);
    });
  }
});
