// The protocol package twice in one process: over node:crypto and over plain JavaScript. Node always
// takes the "node" condition, so a resolve hook stands in for the other: what is imported with the
// query ?noble, and everything of the package that it imports, gets the other backend.
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as protocolOverNode from "@strongroom/protocol";
import { root } from "../support/root.ts";
import type { ProtocolPackage } from "./target.ts";

const built = pathToFileURL(join(root, "packages/protocol/dist/")).href;

const hooks = `
  const built = ${JSON.stringify(built)};
  export async function resolve(specifier, context, next) {
    if (!(context.parentURL ?? "").endsWith("?noble")) return next(specifier, context);
    const own = specifier === "#crypto" ? built + "crypto/noble.js" : specifier;
    const found = await next(own, context);
    return found.url.startsWith(built) ? { ...found, url: found.url + "?noble" } : found;
  }`;

export interface Protocols {
  readonly node: ProtocolPackage;
  readonly noble: ProtocolPackage;
}

export async function loadProtocols(): Promise<Protocols> {
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  const noble: ProtocolPackage = await import(`${built}index.js?noble`);
  if (noble.ed25519 === protocolOverNode.ed25519) throw new Error("one backend came twice");
  return { node: protocolOverNode, noble };
}
