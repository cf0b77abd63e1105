// One process of `npm run simulate`: runs the seeds it is sent, one after the other.
import { loadInlineStore } from "./inline-host.ts";
import { runSeed, type SeedOptions } from "./run-seed.ts";

await loadInlineStore();
process.on("message", ({ seed, options }: { seed: number; options: SeedOptions }) => {
  void runSeed(seed, options).then((result) => {
    process.send?.(result, undefined, undefined, () => {
      if (result.failure?.hangs) process.exit();
    });
  });
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
