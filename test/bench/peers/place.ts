// Where peers lie and who runs them: a folder of the same disk as ours, a user who is not root, and
// a reason where one cannot be started.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { trackProcess } from "../child-process.ts";

/** Why a peer was not measured; never an error of ours. */
export class PeerSkipped extends Error {}

export interface Account {
  uid?: number;
  gid?: number;
}

/** Somebody who is not root: the first of these accounts that is there. */
export function unprivileged(names: readonly string[]): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of names) {
    const id = (flag: string) => spawnSync("id", [flag, name], { encoding: "utf8" });
    const [user, group] = [id("-u"), id("-g")];
    if (user.status === 0) return { uid: Number(user.stdout), gid: Number(group.stdout) };
  }
  throw new PeerSkipped(`none of the accounts ${names.join(", ")} is there, and it refuses root`);
}

/** A folder of the bench that the account may use. */
export function folderFor(parent: string, name: string, { uid, gid }: Account): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  if (uid === undefined || gid === undefined) return folder;
  chmodSync(parent, 0o711);
  chownSync(folder, uid, gid);
  const enters = spawnSync("test", ["-w", folder], { uid, gid });
  if (enters.status !== 0) throw new PeerSkipped(`its account may not enter ${parent}`);
  return folder;
}

const LINES_SHOWN = 3;

/** Runs a program to its end. Throws with its last lines when it fails. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: Account & { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    ...options,
  });
  if (status === 0) return stdout;
  const lines = (stderr || error?.message || "").trim().split("\n");
  throw new Error(`${command} ended with ${status}: ${lines.slice(-LINES_SHOWN).join("; ")}`);
}

/** Starts a program that answers lines, or serves until it is stopped. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: Account & { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const stdio = ["pipe", "pipe", "ignore"] as const;
  const child = spawn(command, args, { stdio: [...stdio], detached: true, ...options });
  trackProcess(child);
  return child;
}
