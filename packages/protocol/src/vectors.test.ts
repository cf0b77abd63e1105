import { test } from "node:test";
import * as protocol from "./index.ts";
import { checkFactVectors, checkLogVectors } from "./testing/check-vectors.ts";

test("the fact vectors hold through the public API", () => checkFactVectors(protocol));

test("every entry of the log vectors matches its leaf, its link and the roots", () => {
  checkLogVectors(protocol);
});
