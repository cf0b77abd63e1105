// Compares what a file's schema says with what this program would have made: a dropped or changed
// trigger is how somebody prepares to edit a journal.
import Database from "better-sqlite3-multiple-ciphers";

const expectedByDdl = new Map<readonly string[], Map<string, string>>();

/** One line per table, index or trigger that is missing, changed or foreign. */
export function schemaDifferences(db: Database.Database, ddl: readonly string[]): string[] {
  let expected = expectedByDdl.get(ddl);
  if (!expected) {
    expected = expectedSchema(ddl);
    expectedByDdl.set(ddl, expected);
  }
  const found = readSchema(db);
  const differences: string[] = [];
  for (const [name, sql] of expected) {
    const actual = found.get(name);
    if (actual === undefined) differences.push(`${name} is missing`);
    else if (actual !== sql) differences.push(`${name} was changed`);
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) differences.push(`${name} is foreign`);
  }
  return differences;
}

function expectedSchema(ddl: readonly string[]): Map<string, string> {
  const reference = new Database(":memory:");
  try {
    for (const statement of ddl) reference.exec(statement);
    return readSchema(reference);
  } finally {
    reference.close();
  }
}

function readSchema(db: Database.Database): Map<string, string> {
  const rows = db.prepare("SELECT type || ' ' || name AS name, sql FROM sqlite_schema").all() as {
    name: string;
    sql: string | null;
  }[];
  return new Map(rows.map((row) => [row.name, row.sql ?? ""]));
}
