// The store's side of one target, as a source of work for a job driver. Times on the wire are by
// the store's clock; they become durations here, so that no two clocks are ever compared.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client, WorkTarget } from "@strongroom/client";
import { TargetKind } from "@strongroom/proto/strongroom/attestation/v1/attestation";
import type { AttestationLease } from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import type { DueWork, LeaseAnswer, WorkSource } from "@strongroom/runtime";
import type { AttestationTarget } from "./targets/target.ts";

export interface StoreWorkOptions {
  readonly client: Client;
  readonly target: AttestationTarget;
  readonly worker: string;
  /** How long one attempt may take. */
  readonly leaseMs: number;
}

const kinds: Readonly<Record<AttestationTarget["kind"], TargetKind>> = {
  rekor: TargetKind.REKOR,
  witness: TargetKind.WITNESS,
  file: TargetKind.FILE,
};
const CALL_TIMEOUT_MS = 10_000;

export function createStoreWork(options: StoreWorkOptions): WorkSource<AttestationLease> {
  const { client, target, worker, leaseMs } = options;
  const targets: WorkTarget[] = [{ name: target.name, kind: kinds[target.kind] }];
  const work = client.attestationWork;
  return {
    lease: async (request, signal): Promise<LeaseAnswer<AttestationLease>> => {
      const asked = { targets, worker, leaseMs, ...request };
      const answer = await work.lease(asked, { signal, timeoutMs: CALL_TIMEOUT_MS });
      const { nowMs, nextDueAtMs } = answer;
      return {
        leases: answer.leases.map((lease) => ({
          id: lease.id,
          attempt: lease.attempt,
          token: lease.token,
          expiresInMs:
            lease.expiresAt === undefined ? leaseMs : timestampMs(lease.expiresAt) - nowMs,
          payload: lease,
        })),
        ...(nextDueAtMs === undefined ? {} : { nextDueInMs: nextDueAtMs - nowMs }),
      };
    },
    async *watch(signal): AsyncGenerator<readonly DueWork[]> {
      for await (const { due, nowMs } of work.watch(targets, { signal })) {
        yield due.map(({ id, attempt, dueAt }) => ({
          id,
          attempt,
          dueInMs: dueAt === undefined ? 0 : timestampMs(dueAt) - nowMs,
        }));
      }
    },
  };
}
