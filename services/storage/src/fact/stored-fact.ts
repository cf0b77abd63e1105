// Between the store's shapes and the wire's.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  FactState,
  type FactFilter as FilterMessage,
  type StoredFactSchema,
  VerifyLevel,
  View,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import {
  type FactFilter,
  type FactState as State,
  type StoredFact,
  StoreError,
  type VerifyMode,
} from "@strongroom/store";
import { refuse, toMs, toTimestamp } from "../requests.ts";

const stateByName: Readonly<Record<State, FactState>> = {
  active: FactState.ACTIVE,
  retracted: FactState.RETRACTED,
  redacted: FactState.REDACTED,
  erased: FactState.ERASED,
};

const levelByMode: Readonly<Record<VerifyMode, VerifyLevel>> = {
  none: VerifyLevel.NONE,
  body: VerifyLevel.BODY,
  inclusion: VerifyLevel.INCLUSION,
  attested: VerifyLevel.ATTESTED,
};

export function toStoredFactMessage(fact: StoredFact): MessageInitShape<typeof StoredFactSchema> {
  return {
    fact: fact.bytes,
    cid: fact.cid,
    index: BigInt(fact.index),
    appendedAt: toTimestamp(fact.appendedAtMs),
    state: stateByName[fact.state],
    endedByIndex: BigInt(fact.endedByIndex ?? 0),
    authors: [...fact.authors],
    verified: levelByMode[fact.verified],
  };
}

export function toVerifyMode(level: VerifyLevel): VerifyMode {
  switch (level) {
    case VerifyLevel.UNSPECIFIED:
    case VerifyLevel.BODY:
      return "body";
    case VerifyLevel.NONE:
      return "none";
    case VerifyLevel.INCLUSION:
      return "inclusion";
    case VerifyLevel.ATTESTED:
      return "attested";
    default:
      throw new StoreError("INVALID_ARGUMENT", "check verify: no such level");
  }
}

export function toView(view: View): "current" | "history" {
  if (view === View.UNSPECIFIED || view === View.CURRENT) return "current";
  if (view === View.HISTORY) return "history";
  return refuse("check view: no such view");
}

/** Empty fields match everything. */
export function toFactFilter(filter: FilterMessage | undefined): FactFilter {
  if (filter === undefined) return {};
  const { scope, entity, relation, source, fromTime, untilTime } = filter;
  return {
    ...(scope === "" ? {} : { scope }),
    ...(entity === "" ? {} : { entity }),
    ...(relation === "" ? {} : { relation }),
    ...(source === "" ? {} : { source }),
    ...(fromTime === undefined ? {} : { fromMs: toMs(fromTime) }),
    ...(untilTime === undefined ? {} : { untilMs: toMs(untilTime) }),
  };
}
