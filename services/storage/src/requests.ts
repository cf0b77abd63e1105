// Checks that every handler needs on what came over the wire.
import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { type CallContext, StoreError } from "@strongroom/store";
import type { Call } from "./grpc/adapter.ts";

export const requestIdBytesMax = 128;
export const pageSizeDefault = 50;
export const pageSizeMax = 1000;

export function refuse(what: string): never {
  throw new StoreError("INVALID_ARGUMENT", what);
}

/** What goes into the private evidence of whatever the call appends. */
export function toCallContext(call: Call, requestId: string): CallContext {
  if (new TextEncoder().encode(requestId).length > requestIdBytesMax) {
    refuse(`check request_id: more than ${requestIdBytesMax} bytes`);
  }
  return { principal: call.principal.name, requestId, peer: call.peer };
}

/** Indexes and sizes are safe integers inside; what is larger is beyond any log. */
export function toSafeInteger(value: bigint, field: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuse(`check ${field}: too large`);
  return Number(value);
}

/** 0 means the default; more than the maximum means the maximum. */
export function toPageSize(value: number): number {
  if (value < 0) refuse("check page_size: negative");
  return value === 0 ? pageSizeDefault : Math.min(value, pageSizeMax);
}

export function toCid(value: Uint8Array): Uint8Array {
  if (value.length !== 32) refuse(`check cid: expected 32 bytes, got ${value.length}`);
  return value;
}

export function toMs(timestamp: Timestamp): number {
  const { seconds, nanos } = timestamp;
  const inRange = seconds >= -62_135_596_800n && seconds <= 253_402_300_799n;
  if (!inRange || nanos < 0 || nanos > 999_999_999) refuse("check timestamp: out of range");
  return Math.floor(timestampMs(timestamp));
}

export function toTimestamp(ms: number): Timestamp {
  return timestampFromMs(ms);
}

/** Opaque page tokens of short lists, where the position reveals nothing the caller may not see. */
export function encodePosition(kind: string, position: string): string {
  return Buffer.from(`${kind}:${position}`).toString("base64url");
}

/** Empty on the first page. Throws PAGE_TOKEN_INVALID. */
export function parsePosition(kind: string, token: string): string | undefined {
  if (token === "") return undefined;
  const text = token.length <= 512 ? Buffer.from(token, "base64url").toString("utf8") : "";
  if (!text.startsWith(`${kind}:`) || encodePosition(kind, text.slice(kind.length + 1)) !== token) {
    throw new StoreError("PAGE_TOKEN_INVALID", "read page_token: not one of this list");
  }
  return text.slice(kind.length + 1);
}

/** A number that `encodePosition` wrote. */
export function parseNumberPosition(kind: string, token: string): number | undefined {
  const position = parsePosition(kind, token);
  if (position === undefined) return undefined;
  if (!/^\d{1,15}$/.test(position)) {
    throw new StoreError("PAGE_TOKEN_INVALID", "read page_token: not one of this list");
  }
  return Number(position);
}
