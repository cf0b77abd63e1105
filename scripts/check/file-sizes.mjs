// A file holds one idea: long ones are a sign that it holds two.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const LINES_MAX = 300;
const TEST_LINES_MAX = 500;

export function checkFileSizes(root) {
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--", "*.ts", "*.mjs"], {
    cwd: root,
    encoding: "utf8",
  });
  return stdout
    .split("\0")
    .filter((file) => file !== "" && !file.startsWith("proto/gen/"))
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n").length - 1;
      const linesMax = file.endsWith(".test.ts") ? TEST_LINES_MAX : LINES_MAX;
      return lines > linesMax ? [`${file}: ${lines} lines, at most ${linesMax}`] : [];
    });
}
