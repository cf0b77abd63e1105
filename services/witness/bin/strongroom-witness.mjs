#!/usr/bin/env node
// Starts the built service, or the source where nothing is built. Options of node itself are only
// needed for the source, so only that case costs a second process.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = new URL("../dist/main.js", import.meta.url);
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));

if (existsSync(built)) {
  await import(built.href);
} else {
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), source];
  const child = spawn(process.execPath, [...node, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal signals the whole group; whoever signals only this process reaches the child too.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`strongroom-witness: start node: ${error.message} (INTERNAL)\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    for (const name of signals) process.removeAllListeners(name);
    if (signal !== null) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}
