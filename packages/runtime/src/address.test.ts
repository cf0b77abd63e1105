import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, isLoopback, parseAddress } from "./address.ts";

test("parses and formats addresses of both families and names", () => {
  for (const text of ["127.0.0.1:7443", "[::1]:0", "localhost:65535", "store.example:1"]) {
    assert.equal(formatAddress(parseAddress(text)), text);
  }
});

test("refuses what is not host:port", () => {
  for (const text of ["", "7443", ":7443", "::1:7443", "[::1]", "[1.2.3.4]:1", "a:65536", "a:1 "]) {
    assert.throws(() => parseAddress(text), { code: "ADDRESS_INVALID" }, text);
  }
});

test("knows loopback from everything else, also where v4 is mapped into v6", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "localhost.evil", "::ffff:10.0.0.1", ""]) {
    assert.ok(!isLoopback(host), host);
  }
});
