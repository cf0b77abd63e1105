// Every way in which a transparency log can answer wrongly, over its real socket, and what
// verification says of it. Also that our Rekor forgets and repeats as the real one does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { utf8 } from "@strongroom/protocol";
import {
  makeBundle,
  makeRekorRequest,
  parseRekorV1Answer,
  parseRekorV2Answer,
  type RekorRequest,
  signNoteForRekor,
  verifyAttestation,
} from "@strongroom/protocol/attestation";
import type { Fault } from "../support/rekor/faults.ts";
import { type Rekor, startRekor } from "../support/rekor/start-rekor.ts";
import { root } from "../support/root.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKeySpki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const note = utf8("a note\n");
let rekor: Rekor;

function requestFor(content = note): RekorRequest {
  const signature = signNoteForRekor(content, privateKey);
  return makeRekorRequest({ version: rekor.version, note: content, signature, publicKeySpki });
}

function post(url: string, { body }: RekorRequest): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: Buffer.from(body) });
}

function submit(request: RekorRequest): Promise<Response> {
  return post(`${rekor.url}/api/v${rekor.version}/log/entries`, request);
}

async function verifyAnswer(request: RekorRequest, response: Response) {
  const answer = new Uint8Array(await response.arrayBuffer());
  const parse = rekor.version === 1 ? parseRekorV1Answer : parseRekorV2Answer;
  const bundle = makeBundle({ request: request.body, entry: parse(answer) });
  const trust = { attestationKeys: [publicKeySpki], trustedRoots: [rekor.trustedRoot] };
  return verifyAttestation(bundle, note, trust);
}

const wrongAnswers: readonly [Fault["kind"], v1: string, v2: string][] = [
  ["wrong-proof", "ATTESTATION_INCLUSION_MISMATCH", "ATTESTATION_INCLUSION_MISMATCH"],
  ["wrong-log-key", "ATTESTATION_CHECKPOINT_INVALID", "ATTESTATION_CHECKPOINT_INVALID"],
  ["stale-checkpoint", "ATTESTATION_INCLUSION_MISMATCH", "ATTESTATION_INCLUSION_MISMATCH"],
  ["other-entry", "ATTESTATION_ENTRY_MISMATCH", "ATTESTATION_ENTRY_MISMATCH"],
  ["wrong-index", "ATTESTATION_PROMISE_INVALID", "ATTESTATION_INDEX_MISMATCH"],
  ["garbage", "MALFORMED_LOG_ANSWER", "MALFORMED_LOG_ANSWER"],
];

for (const version of [1, 2] as const) {
  describe(`a wrong answer of Rekor ${version}`, () => {
    beforeEach(async () => {
      rekor = await startRekor({ version });
      await submit(requestFor(utf8("somebody's\n")));
    });
    afterEach(() => rekor.close());

    for (const [kind, ...codes] of wrongAnswers) {
      it(`${kind}: ${codes[version - 1]}`, async () => {
        rekor.fault({ kind } as Fault, { times: 1 });
        const request = requestFor();
        const response = await submit(request);
        await assert.rejects(verifyAnswer(request, response), { code: codes[version - 1] });
      });
    }

    it("an unsigned time is refused with a promise, and not told without one", async () => {
      rekor.fault({ kind: "unsigned-time" }, { times: 1 });
      const request = requestFor();
      const verified = verifyAnswer(request, await submit(request));
      if (version === 2) assert.equal((await verified).timeUnixMs, undefined);
      else await assert.rejects(verified, { code: "ATTESTATION_PROMISE_INVALID" });
    });

    it("refusals have their status and headers, and then it is well again", async () => {
      const headers = { "retry-after": "7" };
      rekor.fault({ kind: "status", status: 429, headers }, { times: 1 });
      rekor.fault({ kind: "frozen" }, { times: 1 });
      rekor.fault({ kind: "pushback" }, { times: 1 });
      rekor.fault({ kind: "refuse" }, { times: 1 });
      const request = requestFor();
      const busy = await submit(request);
      assert.deepEqual([busy.status, busy.headers.get("retry-after")], [429, "7"]);
      assert.equal((await submit(request)).status, 405);
      assert.equal((await submit(request)).status, 503);
      await assert.rejects(submit(request), TypeError);
      assert.ok(await verifyAnswer(request, await submit(request)));
      assert.equal(rekor.submissions, 6);
    });

    it("takes the entry and breaks off: the same bytes are known again", async () => {
      rekor.fault({ kind: "reset" }, { times: 1 });
      const request = requestFor();
      await assert.rejects(submit(request), TypeError);
      assert.equal((await submit(request)).status, 409);
    });

    it("is away and comes back on the same port with its entries", async () => {
      const request = requestFor();
      await submit(request);
      await rekor.down();
      await assert.rejects(submit(request), TypeError);
      await rekor.up();
      assert.equal((await submit(request)).status, 409);
    });

    it("may have a second leaf of the same bytes after a restart, which verifies too", async () => {
      const request = requestFor();
      const first = await verifyAnswer(request, await submit(request));
      await rekor.restart({ forget: 1 });
      // The first request on a connection from before may find it dead.
      const response = await submit(request).catch(() => submit(request));
      assert.equal(response.status, 201);
      const second = await verifyAnswer(request, response);
      assert.equal(second.logIndex, first.logIndex + 1n);
    });
  });
}

describe("the same Rekor as a program", () => {
  it("tells its addresses and is steered over its control port", async () => {
    const program = join(root, "test/dist/support/rekor/main.js");
    const child = spawn(process.execPath, [program, "--version", "2"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const { url, readUrl, control } = JSON.parse(line.toString("utf8"));
      rekor = { version: 2 } as Rekor;
      const request = requestFor();
      const fault = JSON.stringify({ fault: { kind: "frozen" }, times: 1 });
      await fetch(`${control}/fault`, { method: "POST", body: fault });
      const entries = `${url}/api/v2/log/entries`;
      assert.equal((await post(entries, request)).status, 405);
      assert.equal((await post(entries, request)).status, 201);
      assert.equal((await fetch(`${readUrl}/checkpoint`)).status, 200);
      const state = await (await fetch(`${control}/state`)).json();
      assert.deepEqual(state, { submissions: 2, size: 1, published: 1 });
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  });
});
