// A node:test reporter: one JSON line for each finished test, read by test/run.mjs.
// A plain function, because node wants the default export of the module.
async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const error = data.details?.error;
    const line = {
      name: data.name,
      nesting: data.nesting,
      kind: data.details?.type === "suite" ? "suite" : "test",
      outcome: outcomeOf(type, data),
      reason: typeof data.skip === "string" ? data.skip : "",
      ms: data.details?.duration_ms ?? 0,
      ...(type === "test:fail" && { error: describe(error), failure: error?.failureType ?? "" }),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

function outcomeOf(type, data) {
  if (data.skip !== undefined && data.skip !== false) return "skipped";
  if (data.todo !== undefined && data.todo !== false) return "skipped";
  return type === "test:pass" ? "passed" : "failed";
}

function describe(error) {
  const cause = error?.cause ?? error;
  return String(cause?.stack ?? cause?.message ?? cause ?? "failed");
}

export { report as default };
