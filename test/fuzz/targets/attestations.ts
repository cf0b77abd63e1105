// Attestations and the files that say whom to trust with them: JSON that others' libraries decode.

import { utf8 } from "@strongroom/protocol";
import { loadTrustedRoot, verifyAttestation } from "@strongroom/protocol/attestation";
import { byteMutators } from "../mutate/bytes.ts";
import { jsonMutators } from "../mutate/json.ts";
import { expect, protocolCodes, type Target } from "../target.ts";
import { fromBase64, readVectors } from "../valid-inputs.ts";

interface Vectors {
  trusted_roots: Record<string, string>;
  bundles_valid: {
    bundle: string;
    note: string;
    attestation_keys: string[];
    trusted_roots: string[];
  }[];
}

export function bundleTarget(): Target {
  const { trusted_roots, bundles_valid } = readVectors<Vectors>("attestations");
  const cases = bundles_valid.map((vector) => ({
    bundle: fromBase64(vector.bundle),
    note: fromBase64(vector.note),
    trust: {
      attestationKeys: vector.attestation_keys.map(fromBase64),
      trustedRoots: vector.trusted_roots.map((name) => utf8(trusted_roots[name] ?? "")),
    },
  }));
  // What each valid bundle proves: key, log, index; and the times that a log or authority signed.
  const known = cases.map(({ bundle, note, trust }) => verifyAttestation(bundle, note, trust));
  const entries = new Set(known.map(describe));
  const times = new Set(known.map((one) => `${describe(one)} ${one.timeUnixMs}`));
  return {
    name: "bundle",
    seeds: cases.map(({ bundle }) => bundle),
    mutators: [...jsonMutators, ...byteMutators],
    codes: protocolCodes,
    inputsInCi: 3000,
    check(input, { origin }) {
      const of = cases[origin];
      if (of === undefined) return "accepted";
      const found = verifyAttestation(input.slice(), of.note, of.trust);
      expect(entries.has(describe(found)), "verifies an entry that no log holds");
      const isTimed = found.timeUnixMs !== undefined;
      const isKnownTime = times.has(`${describe(found)} ${found.timeUnixMs}`);
      expect(!isTimed || isKnownTime, "verifies a time that nobody signed");
      return "accepted";
    },
  };
}

function describe(one: { keyId: string; logId: string; logIndex: bigint }): string {
  return `${one.keyId} ${one.logId} ${one.logIndex}`;
}

export function trustedRootTarget(): Target {
  const { trusted_roots } = readVectors<Vectors>("attestations");
  return {
    name: "trusted-root",
    seeds: Object.values(trusted_roots).map(utf8),
    mutators: jsonMutators,
    codes: ["MALFORMED_TRUSTED_ROOT", "LIMIT_EXCEEDED"],
    inputsInCi: 2000,
    check(input) {
      loadTrustedRoot(input.slice());
      return "accepted";
    },
  };
}
