// What an operator should look at, each with what to do next.
import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CheckSchema } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import type { Store, StoreStatus } from "@strongroom/store";

type Check = MessageInitShape<typeof CheckSchema> & { level: "ok" | "warn" | "fail" };

export interface DoctorSubject {
  store: Store;
  storePath: string;
  /** Where the head anchor lies if not in the store's folder. */
  anchorPath: string | undefined;
  /** The URI of the key source; never the key. */
  keyUri: string;
}

const freeWarnBytes = 5 * 1024 ** 3;
const freeFailBytes = 512 * 1024 ** 2;
const indexLagWarn = 10_000;
/** No build of this program is older than this. */
const builtAfterMs = Date.UTC(2026, 0, 1);

export async function examine(subject: DoctorSubject): Promise<Check[]> {
  const status = await subject.store.status();
  return [
    checkState(status),
    checkAlarms(status),
    checkIndex(status),
    checkCipher(status),
    await checkDisk(subject.storePath),
    await checkPermissions(subject.storePath),
    await checkAnchor(subject),
    await checkKeySource(subject),
    checkClock(),
  ];
}

function checkState(status: StoreStatus): Check {
  const name = "store";
  if (status.state === "ready") return { name, level: "ok", message: "store is ready" };
  const message = `store is ${status.state} (${status.reason}): see docs/operate/incidents.md`;
  return { name, level: "fail", message };
}

function checkAlarms(status: StoreStatus): Check {
  const open = status.openAlarms;
  return open === 0
    ? { name: "alarms", level: "ok", message: "no open alarm" }
    : { name: "alarms", level: "fail", message: `${open} open: list them and act on each` };
}

function checkIndex(status: StoreStatus): Check {
  const { indexLag } = status;
  return indexLag < indexLagWarn
    ? { name: "index", level: "ok", message: `index is ${indexLag} entries behind` }
    : { name: "index", level: "warn", message: `index is ${indexLag} entries behind: wait for it` };
}

function checkCipher(status: StoreStatus): Check {
  return status.cipher === "none"
    ? { name: "cipher", level: "warn", message: "store is not encrypted: facts lie in clear" }
    : { name: "cipher", level: "ok", message: `store is encrypted with ${status.cipher}` };
}

async function checkDisk(path: string): Promise<Check> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const message = `${Math.floor(freeBytes / 1024 ** 2)} MiB free`;
  if (freeBytes < freeFailBytes) {
    return { name: "disk", level: "fail", message: `${message}: appends will stop, make room` };
  }
  const level = freeBytes < freeWarnBytes ? "warn" : "ok";
  return { name: "disk", level, message };
}

async function checkPermissions(path: string): Promise<Check> {
  const name = "permissions";
  const open = (await stat(path)).mode & 0o077;
  return open === 0
    ? { name, level: "ok", message: "only the owner may enter the store's folder" }
    : { name, level: "warn", message: "others may enter the store's folder: chmod 700 it" };
}

async function checkAnchor(subject: DoctorSubject): Promise<Check> {
  const name = "anchor";
  const { anchorPath, storePath } = subject;
  const folder = anchorPath === undefined ? storePath : dirname(anchorPath);
  const [anchor, store] = await Promise.all([stat(folder), stat(storePath)]);
  if (anchor.dev !== store.dev) {
    return { name, level: "ok", message: "head anchor lies on another volume" };
  }
  const message = "head anchor lies on the store's volume: set anchor.path to another one";
  return { name, level: "warn", message };
}

async function checkKeySource(subject: DoctorSubject): Promise<Check> {
  const name = "key";
  const { keyUri, storePath } = subject;
  const scheme = keyUri.split("://", 1)[0] ?? "";
  if (!keyUri.startsWith("file://")) {
    return { name, level: "ok", message: `key comes from ${scheme}://` };
  }
  const [key, store] = await Promise.all([
    stat(fileURLToPath(keyUri)).catch(() => undefined),
    stat(storePath),
  ]);
  return key?.dev === store.dev
    ? { name, level: "warn", message: "key file lies on the store's volume: who has one has both" }
    : { name, level: "ok", message: "key file lies on another volume" };
}

function checkClock(): Check {
  return Date.now() > builtAfterMs
    ? { name: "clock", level: "ok", message: "clock is plausible" }
    : { name: "clock", level: "fail", message: "clock is in the past: set it before appending" };
}
