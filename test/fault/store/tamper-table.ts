// The tamper table: everything that is tried. docs/design/faults.md has a row for each.
import type { TamperCase } from "./tamper-case.ts";
import { entryCases } from "./tamper-entries.ts";
import { fileCases } from "./tamper-files.ts";
import { proofCases } from "./tamper-proofs.ts";
import { sideCases } from "./tamper-sides.ts";
import { treeCases } from "./tamper-tree.ts";

export const tamperCases: readonly TamperCase[] = [
  ...entryCases,
  ...treeCases,
  ...sideCases,
  ...proofCases,
  ...fileCases,
];
