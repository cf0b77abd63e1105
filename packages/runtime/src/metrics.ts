// One registry per process, so that tests can run several side by side.
import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  Registry,
} from "prom-client";

export type { Counter, Gauge, Histogram } from "prom-client";

export type LabelledValues = Iterable<readonly [string, number]>;

export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `read` is asked at every scrape. */
  gauge(name: string, help: string, read: () => number): Gauge;
  /** One value for each value of a label; `read` is asked at every scrape. */
  gaugeBy(
    name: string,
    help: string,
    label: string,
    read: () => LabelledValues | Promise<LabelledValues>,
  ): Gauge;
  histogram<L extends string>(
    name: string,
    help: string,
    options: { labels?: readonly L[]; buckets: readonly number[] },
  ): Histogram<L>;
  /** Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Seconds, from 100 µs to 30 s. */
export const latencyBucketsS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30,
] as const;

export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  return {
    counter: <L extends string>(name: string, help: string, labels: readonly L[] = []) => {
      const configuration: CounterConfiguration<L> = { name, help, labelNames: [...labels] };
      return new Counter<L>({ ...configuration, registers: [registry] });
    },
    gauge: (name, help, read) =>
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      }),
    gaugeBy: (name, help, label, read) =>
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [registry],
        async collect() {
          const values = await read();
          this.reset();
          for (const [which, value] of values) this.set({ [label]: which }, value);
        },
      }),
    histogram: <L extends string>(
      name: string,
      help: string,
      shape: { labels?: readonly L[]; buckets: readonly number[] },
    ) =>
      new Histogram<L>({
        name,
        help,
        labelNames: [...(shape.labels ?? [])],
        buckets: [...shape.buckets],
        registers: [registry],
      }),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
