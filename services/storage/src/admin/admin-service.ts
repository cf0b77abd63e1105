import type {
  AdminService,
  ClearAlarmRequest,
  CreateTokenRequest,
  ListAlarmsRequest,
  ListPrincipalsRequest,
} from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { DescribedSetting } from "@strongroom/runtime";
import { type Alarm, type Store, StoreError } from "@strongroom/store";
import { describeTargets } from "../attestation/target-status.ts";
import { EventQueue } from "../event-queue.ts";
import type { Call, HandlersOf } from "../grpc/adapter.ts";
import {
  encodePosition,
  parseNumberPosition,
  parsePosition,
  refuse,
  toCallContext,
  toMs,
  toPageSize,
  toSafeInteger,
  toTimestamp,
} from "../requests.ts";
import { type DoctorSubject, examine } from "./doctor.ts";
import { toPrincipal, toPrincipalMessage, toPrincipalName, toTokenMessage } from "./principal.ts";
import { registeredKeyHandlers } from "./registered-key.ts";

export interface AdminOptions extends DoctorSubject {
  version: string;
  describeSettings(): DescribedSetting[];
}

export function adminHandlers(options: AdminOptions): HandlersOf<typeof AdminService> {
  const { store } = options;
  return {
    status: () => status(options),
    doctor: async () => ({
      checks: await examine(options),
      settings: options.describeSettings(),
    }),
    listAlarms: (request) => listAlarms(store, request),
    clearAlarm: (request) => clearAlarm(store, request),
    listPrincipals: (request) => listPrincipals(store, request),
    setPrincipal: async (request, call) => {
      const context = toCallContext(call, request.requestId);
      const set = await store.setPrincipal(toPrincipal(request.principal), context);
      return { principal: toPrincipalMessage(set.principal), index: BigInt(set.index) };
    },
    removePrincipal: async (request, call) => {
      const context = toCallContext(call, request.requestId);
      const { index } = await store.removePrincipal(toPrincipalName(request.name), context);
      return { index: BigInt(index) };
    },
    createToken: (request, call) => createToken(store, request, call),
    revokeToken: async (request, call) => {
      const context = toCallContext(call, request.requestId);
      if (request.id === "" || request.id.length > 128) refuse("check id: not that of a token");
      const { index } = await store.revokeToken(request.id, context);
      return { index: BigInt(index) };
    },
    ...registeredKeyHandlers(store),
    reindex: (_request, call) => reindex(store, call),
  };
}

async function status(options: AdminOptions) {
  const now = await options.store.status();
  return {
    storeId: now.storeId,
    origin: now.origin,
    version: options.version,
    cipher: now.cipher,
    state: now.state,
    reason: now.reason,
    treeSize: BigInt(now.treeSize),
    checkpoint: now.checkpoint,
    indexLag: BigInt(now.indexLag),
    head: now.head,
    openAlarms: BigInt(now.openAlarms),
    startedAt: toTimestamp(now.openedAtMs),
    bytesOnDisk: BigInt(now.bytesOnDisk),
    textSearch: now.textSearch,
    ...describeTargets(await options.store.attestations.status()),
  };
}

async function listAlarms(store: Store, request: ListAlarmsRequest) {
  const limit = toPageSize(request.pageSize);
  const below = parseNumberPosition("alarms", request.pageToken);
  const { includeCleared } = request;
  const alarms = await store.alarms({
    limit,
    includeCleared,
    ...(below === undefined ? {} : { below }),
  });
  const last = alarms.at(-1);
  return {
    alarms: alarms.map(toAlarmMessage),
    nextPageToken: last && alarms.length === limit ? encodePosition("alarms", `${last.id}`) : "",
  };
}

async function clearAlarm(store: Store, request: ClearAlarmRequest) {
  return { alarm: toAlarmMessage(await store.clearAlarm(toSafeInteger(request.id, "id"))) };
}

function toAlarmMessage(alarm: Alarm) {
  const { id, code, message, raisedAtMs, clearedAtMs, index } = alarm;
  return {
    id: BigInt(id),
    code,
    message,
    raisedAt: toTimestamp(raisedAtMs),
    ...(clearedAtMs === undefined ? {} : { clearedAt: toTimestamp(clearedAtMs) }),
    ...(index === undefined ? {} : { index: BigInt(index) }),
  };
}

async function listPrincipals(store: Store, request: ListPrincipalsRequest) {
  const limit = toPageSize(request.pageSize);
  const after = parsePosition("principals", request.pageToken) ?? "";
  const sorted = [...store.principals()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rest = sorted.filter(({ name }) => name > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    principals: page.map(toPrincipalMessage),
    nextPageToken: last && rest.length > limit ? encodePosition("principals", last.name) : "",
  };
}

async function createToken(store: Store, request: CreateTokenRequest, call: Call) {
  const context = toCallContext(call, request.requestId);
  const principal = toPrincipalName(request.principal);
  const expiresAtMs = request.expiresAt && toMs(request.expiresAt);
  if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) {
    throw new StoreError("INVALID_ARGUMENT", "check expires_at: in the past");
  }
  const made = await store.createToken(
    { principal, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) },
    context,
  );
  return {
    token: toTokenMessage({
      id: made.id,
      createdAtMs: made.createdAtMs,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    }),
    secret: made.secret,
    index: BigInt(made.index),
  };
}

async function* reindex(store: Store, call: Call) {
  const queue = new EventQueue<{ entriesDone: bigint; entriesTotal: bigint }>();
  let progressAtMs = 0;
  const work = store.reindex({
    onProgress: (done, total) => {
      const nowMs = Date.now();
      if (done < total && nowMs - progressAtMs < 1000) return;
      progressAtMs = nowMs;
      queue.push({ entriesDone: BigInt(done), entriesTotal: BigInt(total) });
    },
  });
  work.then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  for await (const event of queue) {
    // The rebuild itself goes on: a half-built index would be of no use to anybody.
    call.signal.throwIfAborted();
    yield event;
  }
}
