// The store verifies itself while it serves; this only tells how far it is and what it finds.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  VerifyRequest,
  VerifyResponseSchema,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import type { Finding, Store, VerifySummary } from "@strongroom/store";
import { EventQueue } from "../event-queue.ts";
import type { Call } from "../grpc/adapter.ts";
import { toSafeInteger } from "../requests.ts";

const findingsMax = 1000;
const progressMs = 1000;

type ResponseInit = MessageInitShape<typeof VerifyResponseSchema>;

export async function* verify(
  store: Store,
  request: VerifyRequest,
  call: Call,
): AsyncGenerator<ResponseInit> {
  const queue = new EventQueue<ResponseInit>();
  let findings = 0;
  let progressAtMs = 0;
  const work = store.verify({
    signal: call.signal,
    fromIndex: toSafeInteger(request.fromIndex, "from_index"),
    onProgress: (done, total) => {
      const nowMs = Date.now();
      if (nowMs - progressAtMs < progressMs) return;
      progressAtMs = nowMs;
      queue.push(toProgressMessage(done, total));
    },
    onFinding: (finding) => {
      findings += 1;
      if (findings <= findingsMax) queue.push(toFindingMessage(finding));
    },
  });
  work.then(
    (summary) => queue.end(toSummaryMessage(summary)),
    (error: unknown) => queue.fail(error),
  );
  yield* queue;
}

function toProgressMessage(done: number, total: number): ResponseInit {
  const value = { entriesDone: BigInt(done), entriesTotal: BigInt(total) };
  return { event: { case: "progress", value } };
}

function toFindingMessage(finding: Finding): ResponseInit {
  return { event: { case: "finding", value: { ...finding, index: BigInt(finding.index) } } };
}

function toSummaryMessage(summary: VerifySummary): ResponseInit {
  const value = {
    verdict: summary.verdict,
    entries: BigInt(summary.entries),
    tiles: BigInt(summary.tiles),
    checkpoints: BigInt(summary.checkpoints),
    findings: BigInt(summary.findings),
    root: summary.root,
    treeSize: BigInt(summary.treeSize),
  };
  return { event: { case: "summary", value } };
}
