// What `npm test` prints when all files have run.

export function printFailures(results, refusedSkips) {
  for (const result of results) {
    for (const { name, error } of result.failures) {
      console.log(`\nFAILED ${result.suite}  ${result.file}\n  ${name}\n${indent(error)}`);
    }
  }
  for (const skip of refusedSkips) {
    const where = `${skip.file}: ${skip.name} (${skip.reason || "no reason"})`;
    console.log(`\nFAILED a skip that test/allowed-skips.json does not allow\n  ${where}`);
  }
}

export function printTable(results, skips) {
  const rows = new Map();
  const row = (suite) => {
    if (!rows.has(suite)) rows.set(suite, { files: 0, passed: 0, failed: 0, skipped: 0, ms: 0 });
    return rows.get(suite);
  };
  for (const result of results) {
    const entry = row(result.suite);
    entry.files += 1;
    entry.passed += result.passed;
    entry.failed += result.failures.length;
    entry.ms += result.ms;
  }
  for (const skip of skips) row(skip.suite).skipped += 1;
  console.log(`\n${line(["suite", "files", "passed", "failed", "skipped", "time"])}`);
  for (const [suite, entry] of [...rows].sort(([a], [b]) => a.localeCompare(b))) {
    const { files, passed, failed, skipped, ms } = entry;
    console.log(line([suite, files, passed, failed, skipped, `${(ms / 1000).toFixed(1)} s`]));
  }
  for (const skip of skips) {
    console.log(`skipped ${skip.suite}  ${skip.file}: ${skip.name} (${skip.reason})`);
  }
}

/** Prints the totals, the plain line last, and returns the number of failures. */
export function printSummary({ results, skips, refused, startedAt }) {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failures.length, refused.length);
  const skipped = skips.length - refused.length;
  if (results.length === 0) console.log("no test file matches");
  console.log(`\n# tests ${passed + failed + skipped}`);
  console.log(`# pass ${passed}\n# fail ${failed}\n# skipped ${skipped}`);
  console.log(`# duration_ms ${Date.now() - startedAt}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed;
}

function line([suite, ...cells]) {
  return `${String(suite).padEnd(24)}${cells.map((cell) => String(cell).padStart(10)).join("")}`;
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}
