// A worker that tells the outside, says so, and never comes to tell the store: it is killed there.
import { createLogger } from "../../logger.ts";
import { createBullmqJobs, createEmbeddedJobs } from "../create-jobs.ts";
import { WorkConnection } from "./work-store.ts";

const [port = "", leaseMs = "", name = "", redisUrl = ""] = process.argv.slice(2);
const source = new WorkConnection(Number(port), Number(leaseMs));
const options = {
  ...{ name, source, concurrency: 1, sweepMs: 500 },
  logger: createLogger({ name: "worker", level: "silent" }),
  handler: async ({ id }: { id: string }) => {
    await source.submit(id);
    process.stdout.write("submitted\n");
    await new Promise(() => {});
  },
};
const jobs =
  redisUrl === "" ? createEmbeddedJobs(options) : await createBullmqJobs({ ...options, redisUrl });
await jobs.start();
process.stdin.on("end", () => process.exit(0)).resume();
