// Registered keys between the wire and the store.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AdminService,
  KeyPurpose as PurposeNumber,
  type RegisteredKeySchema,
} from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { KeyPurpose, RegisteredKey, Store } from "@strongroom/store";
import type { HandlersOf } from "../grpc/adapter.ts";
import { refuse, toCallContext, toTimestamp } from "../requests.ts";

type Handlers = Pick<HandlersOf<typeof AdminService>, "registerKey" | "retireKey" | "listKeys">;

const listedMax = 1000;
const purposeNumbers: Readonly<Record<KeyPurpose, PurposeNumber>> = {
  attestation: PurposeNumber.ATTESTATION,
  "trusted-root": PurposeNumber.TRUSTED_ROOT,
  witness: PurposeNumber.WITNESS,
};

export function registeredKeyHandlers(store: Store): Handlers {
  return {
    registerKey: async ({ purpose, key, name, requestId }, call) => {
      const context = toCallContext(call, requestId);
      const added = { purpose: toPurpose(purpose), key, name };
      return { key: toKeyMessage(await store.keys.register(added, context)) };
    },
    retireKey: async ({ id, requestId }, call) => {
      if (!/^[0-9a-f]{64}$/.test(id)) refuse("check id: not that of a registered key");
      return { key: toKeyMessage(await store.keys.retire(id, toCallContext(call, requestId))) };
    },
    listKeys: ({ purpose, includeRetired }) => {
      const all = purpose === PurposeNumber.UNSPECIFIED;
      const wanted = all ? {} : { purpose: toPurpose(purpose) };
      const found = store.keys.list({ ...wanted, includeRetired }).slice(0, listedMax);
      return { keys: found.map(toKeyMessage) };
    },
  };
}

function toPurpose(number: PurposeNumber): KeyPurpose {
  const names = Object.keys(purposeNumbers) as KeyPurpose[];
  const found = names.find((name) => purposeNumbers[name] === number);
  return found ?? refuse("check purpose: no such purpose");
}

function toKeyMessage(key: RegisteredKey): MessageInitShape<typeof RegisteredKeySchema> {
  const { id, purpose, name, registeredAtMs, retiredAtMs, index } = key;
  return {
    id,
    purpose: purposeNumbers[purpose],
    key: key.key,
    name,
    registeredAt: toTimestamp(registeredAtMs),
    ...(retiredAtMs === undefined ? {} : { retiredAt: toTimestamp(retiredAtMs) }),
    index: BigInt(index),
  };
}
