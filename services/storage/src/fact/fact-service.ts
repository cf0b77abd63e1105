import type { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Store } from "@strongroom/store";
import type { HandlersOf } from "../grpc/adapter.ts";
import { append, appendBatch, type FactCounter, retract } from "./append.ts";
import { appendStream } from "./append-stream.ts";
import { batchGet, get, query, search } from "./read.ts";
import { type WatchSettings, watch } from "./watch.ts";

export interface FactSettings extends WatchSettings {
  countFacts: FactCounter;
}

export function factHandlers(store: Store, settings: FactSettings): HandlersOf<typeof FactService> {
  const target = { store, countFacts: settings.countFacts };
  return {
    append: (request, call) => append(target, request, call),
    retract: (request, call) => retract(store, request, call),
    appendBatch: (request, call) => appendBatch(target, request, call),
    appendStream: (requests, call) => appendStream(target, requests, call),
    get: (request, call) => get(store, request, call),
    batchGet: (request, call) => batchGet(store, request, call),
    query: (request, call) => query(store, request, call),
    search: (request, call) => search(store, request, call),
    watch: (request, call) => watch(store, request, call, settings),
  };
}
