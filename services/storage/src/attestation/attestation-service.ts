// What outside records say of this log, for those who read it and for operators.
import type {
  AttestationService,
  GetRequest,
  ListRequest,
  RetryRequest,
} from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import type { AttestationsPage, ProvenAttestation, Store } from "@strongroom/store";
import type { Call, HandlersOf } from "../grpc/adapter.ts";
import { entryScopes } from "../log/entry-access.ts";
import {
  encodePosition,
  parseNumberPosition,
  refuse,
  toCid,
  toPageSize,
  toSafeInteger,
} from "../requests.ts";
import { toAttestationId, toAttestationMessage, toState } from "./messages.ts";
import { toTargetStatusMessage } from "./target-status.ts";

export function attestationHandlers(store: Store): HandlersOf<typeof AttestationService> {
  return {
    list: (request) => list(store, request),
    get: async (request, call) => ({
      attestation: toAttestationMessage(await get(store, request, call)),
    }),
    retry: (request) => retry(store, request),
  };
}

async function list(store: Store, request: ListRequest) {
  const limit = toPageSize(request.pageSize);
  const below = parseNumberPosition("attestations", request.pageToken);
  const states = [...new Set(request.states)].map(toState);
  const page: AttestationsPage = {
    limit,
    states,
    ...(below === undefined ? {} : { below }),
    ...(request.target === "" ? {} : { target: request.target }),
  };
  const found = await store.attestations.list(page);
  const targets = await store.attestations.status();
  const last = found.at(-1);
  return {
    attestations: found.map(toAttestationMessage),
    nextPageToken:
      last && found.length === limit ? encodePosition("attestations", `${last.id}`) : "",
    targets: targets.map(toTargetStatusMessage),
  };
}

function get(store: Store, { key }: GetRequest, call: Call): Promise<ProvenAttestation> {
  const { attestations } = store;
  switch (key.case) {
    case "id":
      return attestations.get(toAttestationId(key.value));
    case "cid":
      return attestations.covering({ cid: toCid(key.value) }, entryScopes(call));
    case "index":
      return attestations.covering({ index: toSafeInteger(key.value, "index") }, entryScopes(call));
    case undefined:
      return refuse("check key: set id, cid or index");
  }
}

async function retry(store: Store, { ids, target }: RetryRequest) {
  const retried = await store.attestations.retry({
    ids: ids.map(toAttestationId),
    ...(target === "" ? {} : { target }),
  });
  return { attestations: retried.map(toAttestationMessage) };
}
