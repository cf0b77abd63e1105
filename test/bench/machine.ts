// What the machine was doing while we measured: shared machines lie, so it is printed beside.
import { readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";

export interface MachineReport {
  cpu: string;
  cores: number;
  memoryGiB: number;
  node: string;
  /** One-minute load average at the start and at the end. */
  load: [start: number, end: number];
  /** Share of CPU time that the hypervisor gave to others, 0 to 1. */
  steal: number;
}

export class MachineWatch {
  readonly #start = cpuTicks();
  readonly #load = loadavg()[0] ?? 0;

  report(): MachineReport {
    const end = cpuTicks();
    const total = end.total - this.#start.total;
    return {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      load: [this.#load, loadavg()[0] ?? 0],
      steal: total === 0 ? 0 : (end.steal - this.#start.steal) / total,
    };
  }
}

/** One line for people. */
export function describeMachine({
  cores,
  cpu,
  memoryGiB,
  node,
  load,
  steal,
}: MachineReport): string {
  const loads = load.map((value) => value.toFixed(1)).join(" → ");
  return (
    `${cores} cores of ${cpu}, ${memoryGiB} GiB, node ${node}, ` +
    `load average ${loads}, steal ${(steal * 100).toFixed(1)} %`
  );
}

// First line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice.
function cpuTicks(): { total: number; steal: number } {
  try {
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    return { total: ticks.reduce((sum, value) => sum + value, 0), steal: ticks[7] ?? 0 };
  } catch {
    return { total: 0, steal: 0 };
  }
}
