// Programs of the machine that set-up needs: found, fetched from the distribution, or asked for.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

// How to see that a program is there, and the Debian package that brings it.
const PROGRAMS = {
  "g++": { probe: ["g++", "--version"], package: "g++" },
  make: { probe: ["make", "--version"], package: "make" },
  python3: { probe: ["python3", "--version"], package: "python3" },
  openssl: { probe: ["openssl", "version"], package: "openssl" },
  "redis-server": { probe: ["redis-server", "--version"], package: "redis-server" },
  postgres: {
    probe: ["/usr/lib/postgresql/15/bin/postgres", "--version"],
    package: "postgresql-15",
  },
  strace: { probe: ["strace", "-V"], package: "strace" },
  pip: { probe: ["python3", "-m", "pip", "--version"], package: "python3-pip" },
};

/** Makes sure that the named programs are there; as root on Debian it fetches them. */
export function ensurePrograms(names, purpose) {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return;
  const packages = missing.map((name) => PROGRAMS[name].package);
  if (!mayFetch()) refuse(howToFetch(missing, packages, purpose));
  fetchPackages(packages, purpose);
}

/** The same for what can be done without: where it cannot be fetched, that is only said. */
export function offerProgram(name, purpose) {
  if (isThere(name)) return;
  const packages = [PROGRAMS[name].package];
  if (mayFetch()) fetchPackages(packages, purpose);
  else say(howToFetch([name], packages, purpose));
}

function mayFetch() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

function howToFetch(missing, packages, purpose) {
  return (
    `${missing.join(", ")} missing, needed ${purpose}. On Debian, as root:\n` +
    `  apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`
  );
}

function fetchPackages(packages, purpose) {
  say(`fetching ${packages.join(", ")} from the distribution, ${purpose}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-qq"], { env });
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
}

function isThere(name) {
  const [command, ...args] = PROGRAMS[name].probe;
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Runs a command, its output shown on stderr, and stops set-up if it fails. */
export function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { ...options, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  refuse(`\`${command} ${args.join(" ")}\` failed (${error?.message ?? `exit code ${status}`}).`);
}

export function say(text) {
  console.error(`set-up: ${text}`);
}

export function refuse(text) {
  say(text);
  // Thrown and not process.exit(), so that the lock is released on the way out.
  process.exitCode = 1;
  throw new SetupRefused();
}

class SetupRefused extends Error {}

process.on("uncaughtException", (error) => {
  if (!(error instanceof SetupRefused)) console.error(error);
  process.exit(1);
});
