import { BlockList, isIP, isIPv6 } from "node:net";
import { RuntimeError } from "./errors.ts";

export interface Address {
  host: string;
  port: number;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Parses `host:port` or `[v6]:port`. Throws ADDRESS_INVALID. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const bracketed = match?.[1] !== undefined;
  if (host === undefined || port > 65535 || bracketed !== isIPv6(host)) {
    throw new RuntimeError("ADDRESS_INVALID", `parse address: expected host:port, got "${text}"`);
  }
  return { host, port };
}

export function formatAddress(address: Address): string {
  const { host, port } = address;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True only for literals of the loopback networks and the name "localhost". */
export function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}
