// Every installed package must come under a licence that lets us ship it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC-BY-4.0", // caniuse-lite: data, used by tests and the bench only
  "ISC",
  "MIT",
  "Python-2.0",
  "Unlicense",
]);

export function checkLicences(root) {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.keys(packages).flatMap((path) => {
    if (!path.includes("node_modules/")) return [];
    const file = join(root, path, "package.json");
    if (!existsSync(file)) return []; // optional, for another platform
    const { name, version, license, licenses } = JSON.parse(readFileSync(file, "utf8"));
    const stated = license?.type ?? license ?? licenses?.map(({ type }) => type).join(" OR ");
    return isAllowed(stated ?? "") ? [] : [`${name}@${version}: licence ${stated} is not allowed`];
  });
}

// SPDX: an "OR" needs one allowed side, an "AND" both.
function isAllowed(expression) {
  const sides = expression.replace(/[()]/g, "").split(" OR ");
  return sides.some((side) => side.split(" AND ").every((id) => ALLOWED.has(id.trim())));
}
