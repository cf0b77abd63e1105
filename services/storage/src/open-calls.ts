// Calls that a handler is working on: how each one ends, how long it took, and, for those that
// last, whether the caller still has the right to go on.
import type { Metadata } from "@grpc/grpc-js";
import type { Logger } from "@strongroom/runtime";
import { type Principal, StoreError, toStoreError } from "@strongroom/store";
import { findRule } from "./access.ts";
import type { Admission } from "./gate.ts";
import type { AnyCall, OpenCall } from "./grpc/adapter.ts";
import type { ServiceMetrics } from "./service-metrics.ts";

export interface OpenCallsOptions {
  admissions: WeakMap<Metadata, Admission>;
  metrics: Pick<ServiceMetrics, "rpcSeconds" | "rpcErrors">;
  logger: Logger;
  /** How often rights are looked at again, ms. */
  confirmMs: number;
}

interface Entry {
  admission: Admission;
  abort: LazyAbort;
  ending: LazyAbort;
}

/** An AbortController that is only made if somebody looks at its signal: most calls never do. */
class LazyAbort {
  #controller: AbortController | undefined;
  #reason: unknown;
  #isAborted = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

export class OpenCalls {
  readonly #options: OpenCallsOptions;
  readonly #open = new Set<Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: OpenCallsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#confirmAll(), options.confirmMs);
    this.#timer.unref();
  }

  get count(): number {
    return this.#open.size;
  }

  open(method: string, call: AnyCall): OpenCall {
    const admission = this.#options.admissions.get(call.metadata);
    if (admission === undefined) throw new Error(`open ${method}: call did not pass the gate`);
    admission.started = true;
    const entry: Entry = { admission, abort: new LazyAbort(), ending: new LazyAbort() };
    this.#open.add(entry);
    const startedAt = performance.now();
    call.on("cancelled", () => {
      // grpc-js says so after every call, also one that was answered.
      if (!this.#open.has(entry)) return;
      entry.abort.abort(new StoreError("CANCELLED", "answer call: caller is gone or too late"));
    });
    return {
      get principal() {
        return requirePrincipal(admission);
      },
      peer: admission.peer,
      get signal() {
        return entry.abort.signal;
      },
      get ending() {
        return entry.ending.signal;
      },
      end: (error) => this.#end(entry, startedAt, error),
    };
  }

  /** For shutdown: calls that would last for ever end now, the others finish what they began. */
  endAll(reason: StoreError): void {
    for (const { admission, abort, ending } of this.#open) {
      ending.abort(reason);
      if (findRule(admission.method)?.lasting) abort.abort(reason);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #end(entry: Entry, startedAt: number, error: unknown): void {
    const { metrics, logger } = this.#options;
    const { method } = entry.admission;
    this.#open.delete(entry);
    entry.admission.release();
    metrics.rpcSeconds.observe({ method }, (performance.now() - startedAt) / 1000);
    if (error === undefined) return;
    const failure = toStoreError(error);
    metrics.rpcErrors.inc({ method, reason: failure.code });
    if (failure.code === "INTERNAL") logger.error({ method, err: failure }, "call failed");
  }

  #confirmAll(): void {
    for (const { admission, abort } of this.#open) {
      try {
        admission.confirm();
      } catch (error) {
        abort.abort(error);
      }
    }
  }
}

function requirePrincipal(admission: Admission): Principal {
  if (admission.principal !== undefined) return admission.principal;
  throw new StoreError("UNAUTHENTICATED", "answer call: no principal");
}
