// What a crash would leave of a running store: a copy of its files, made while it is open, and put
// back into the same inodes after it was closed.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const LEFT_OUT = /^store\.(lock|pid)/;

/** By another process: closing a file here would drop this process's locks on it. */
export function takeImage(t: TestContext, folder: string): string {
  const image = mkdtempSync(join(tmpdir(), "strongroom-image-"));
  t.after(() => rmSync(image, { recursive: true, force: true }));
  for (const name of readdirSync(folder)) {
    if (!LEFT_OUT.test(name)) execFileSync("cp", [join(folder, name), join(image, name)]);
  }
  return image;
}

/** Only of a closed store. */
export function putBack(image: string, folder: string): void {
  for (const name of readdirSync(folder)) {
    if (LEFT_OUT.test(name) || existsSync(join(image, name))) continue;
    rmSync(join(folder, name), { recursive: true });
  }
  for (const name of readdirSync(image)) copyFileSync(join(image, name), join(folder, name));
}
