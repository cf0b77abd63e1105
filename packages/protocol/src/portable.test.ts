// Loads the package as a browser would: "#crypto" resolves to the plain JavaScript backend, and
// any import of a Node built-in from the package or what it depends on fails. Node itself always
// takes the "node" condition, so a resolve hook stands in for the other.
import assert from "node:assert/strict";
import { register } from "node:module";
import { test } from "node:test";
import { checkFactVectors, checkLogVectors } from "./testing/check-vectors.ts";

// The source, or what was built of it.
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const hooks = `
  import { isBuiltin } from "node:module";
  const noble = ${JSON.stringify(new URL(`./crypto/noble${extension}`, import.meta.url).href)};
  const isOurs = /(packages[/]protocol[/](src|dist)[/](?!testing[/])|@noble[/]|@bufbuild[/]|proto[/](gen|dist)[/])/;
  export function resolve(specifier, context, next) {
    if (specifier === "#crypto") return next(noble, context);
    if (isBuiltin(specifier) && isOurs.test(context.parentURL ?? "")) {
      throw new Error("imports a built-in: " + specifier + " in " + context.parentURL);
    }
    return next(specifier, context);
  }`;

test("the package loads without Node built-ins, and the vectors hold there too", async () => {
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  await assert.rejects(import("./crypto/node.ts"), /imports a built-in: node:crypto/);
  const protocol = await import("./index.ts");
  const { buffer } = takeBufferAway();
  try {
    checkFactVectors(protocol);
    checkLogVectors(protocol);
  } finally {
    globalThis.Buffer = buffer;
  }
});

function takeBufferAway(): { buffer: typeof Buffer } {
  const buffer = globalThis.Buffer;
  Reflect.deleteProperty(globalThis, "Buffer");
  return { buffer };
}
