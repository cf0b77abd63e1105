// Policies: what parses, what does not, and which witnesses meet which quorum.
import { cosignatureVerifier, ed25519Verifier, formatVkey, toBase64 } from "@strongroom/protocol";
import { publicKeyOf, seedOf } from "./example-log.ts";

const log = formatVkey(ed25519Verifier("log.example/a", publicKeyOf("log")));
const other = formatVkey(ed25519Verifier("log.example/b", publicKeyOf("other log")));
const sameKey = formatVkey(ed25519Verifier("log.example/c", publicKeyOf("log")));
const author = formatVkey(ed25519Verifier("author.example/1", publicKeyOf("author 1")));
const spki = toBase64(seedOf("spki"));

function witness(name: string, url = ""): string {
  const vkey = formatVkey(cosignatureVerifier(`witness.example/${name}`, publicKeyOf(name)));
  return `witness ${name} ${vkey}${url}\n`;
}

const six = ["X1", "X2", "X3", "Y1", "Y2", "Y3"].map((name) => witness(name)).join("");
const c2sp = `log ${log}\n\n${six}group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n`;

export function makePolicies() {
  return {
    valid: valid(),
    invalid: invalid().map(([why, policy]) => ({ why, policy, code: "MALFORMED_POLICY" })),
    quorums: quorums(),
  };
}

function valid() {
  const none = {
    logs: 0,
    witnesses: 0,
    groups: 0,
    quorum: "none",
    retired: 0,
    authors: 0,
    attestation_keys: 0,
    trusted_roots: [],
    requirements: [],
  };
  return [
    { why: "the least there can be", policy: "quorum none\n", parsed: none },
    { why: "one log", policy: `log ${log}\nquorum none\n`, parsed: { ...none, logs: 1 } },
    {
      why: "no newline at the end",
      policy: `log ${log}\nquorum none`,
      parsed: { ...none, logs: 1 },
    },
    {
      why: "comments, blank lines, tabs and spaces",
      policy: `# a comment\n\n \t# another\n\tlog \t${log}  https://log.example/ \n  quorum   none\t\n`,
      parsed: { ...none, logs: 1 },
    },
    {
      why: "other than ASCII in a comment and a name",
      policy: `# für Ada\n${witness("λ")}quorum λ\n`,
      parsed: { ...none, witnesses: 1, quorum: "λ" },
    },
    {
      why: "the example of C2SP tlog-policy",
      policy: c2sp,
      parsed: { ...none, logs: 1, witnesses: 6, groups: 3, quorum: "X-and-Y" },
    },
    {
      why: "a witness with a URL",
      policy: `${witness("w", " https://w.example/")}quorum w\n`,
      parsed: { ...none, witnesses: 1, quorum: "w" },
    },
    {
      why: "logs after the quorum",
      policy: `quorum none\nlog ${log}\nlog ${other}\n`,
      parsed: { ...none, logs: 2 },
    },
    {
      why: "every line of ours",
      policy: `log ${other}\nretired ${log} max-size 0\nauthor ${author}\nauthor ${author} 5\nauthor ${author} 7 7\nattestation-key ${spki}\ntrusted-root root.json\nrequire attested\nrequire witnessed\nrequire author\nmax-age 86400\nquorum none\n`,
      parsed: {
        ...none,
        logs: 1,
        retired: 1,
        authors: 3,
        attestation_keys: 1,
        trusted_roots: ["root.json"],
        requirements: ["attested", "witnessed", "author"],
        max_age_ms: 86_400_000,
      },
    },
    {
      why: "a key both trusted and retired",
      policy: `log ${log}\nretired ${log} max-size 10\nquorum none\n`,
      parsed: { ...none, logs: 1, retired: 1 },
    },
  ];
}

function invalid(): [string, string][] {
  const w = witness("w");
  return [
    ["empty: no quorum", ""],
    ["no quorum", `log ${log}\n`],
    ["two quorums", "quorum none\nquorum none\n"],
    ["an unknown line", "quorum none\nallow all\n"],
    ["a keyword in upper case", "quorum none\nLog x\n"],
    ["a carriage return", "quorum none\r\n"],
    ["a form feed", "quorum\fnone\n"],
    ["a DEL", "quorum none\n# \u007f\n"],
    ["a comment after a line", `quorum none # none\n`],
    ["a quorum of an unknown name", "quorum w\n"],
    ["a quorum before its witness", `quorum w\n${w}`],
    ["a quorum of two names", `${w}quorum w w\n`],
    ["a log without a key", "log\nquorum none\n"],
    ["a log with a malformed key", "log log.example/a\nquorum none\n"],
    ["a log with a witness key", `log ${w.split(" ")[2]?.trim()}\nquorum none\n`],
    ["a log with three words", `log ${log} u v\nquorum none\n`],
    ["one log twice", `log ${log}\nlog ${log}\nquorum none\n`],
    ["one key under two names", `log ${log}\nlog ${sameKey}\nquorum none\n`],
    ["a witness without a key", "witness w\nquorum none\n"],
    ["a witness with a log key", `witness w ${log}\nquorum none\n`],
    ["a witness named none", `witness none ${w.split(" ")[2]}quorum none\n`],
    ["one name for two witnesses", `${w}witness w ${witness("v").split(" ")[2]}quorum none\n`],
    ["one witness key twice", `${w}witness v ${w.split(" ")[2]}quorum none\n`],
    ["a group with the name of a witness", `${w}group w any w\nquorum none\n`],
    ["a group without members", `group g any\nquorum none\n`],
    ["a group of unknown members", `group g any w\nquorum none\n`],
    ["a group of itself", `${w}group g any w g\nquorum g\n`],
    ["a group with none as member", `group g any none\nquorum none\n`],
    ["a group defined after its use", `${w}group h any g\ngroup g any w\nquorum h\n`],
    ["a member twice in a group", `${w}group g 2 w w\nquorum g\n`],
    ["a member of two groups", `${w}group g any w\ngroup h any w\nquorum h\n`],
    ["a threshold of 0", `${w}group g 0 w\nquorum g\n`],
    ["a threshold above the members", `${w}group g 2 w\nquorum g\n`],
    ["a threshold with a leading zero", `${w}group g 01 w\nquorum g\n`],
    ["a threshold that is no number", `${w}group g most w\nquorum g\n`],
    ["retired without a size", `retired ${log}\nquorum none\n`],
    ["retired with another word", `retired ${log} size 3\nquorum none\n`],
    ["retired with a size of 2^63", `retired ${log} max-size 9223372036854775808\nquorum none\n`],
    ["retired twice", `retired ${log} max-size 1\nretired ${log} max-size 2\nquorum none\n`],
    ["an author without a key", "author\nquorum none\n"],
    ["an author's indexes out of order", `author ${author} 2 1\nquorum none\n`],
    ["an author with a negative index", `author ${author} -1\nquorum none\n`],
    ["an attestation key that is not base64", "attestation-key ?\nquorum none\n"],
    ["two trusted roots in a line", "trusted-root a b\nquorum none\n"],
    ["an unknown requirement", "require trust\nquorum none\n"],
    ["a requirement twice", "require author\nrequire author\nquorum none\n"],
    ["two requirements in a line", "require author witnessed\nquorum none\n"],
    ["max-age twice", "max-age 1\nmax-age 1\nquorum none\n"],
    ["max-age with a unit", "max-age 1d\nquorum none\n"],
    ["max-age with a fraction", "max-age 1.5\nquorum none\n"],
  ];
}

function quorums() {
  const single = `${witness("w")}${witness("v")}quorum w\n`;
  const cases: [string, string[], boolean][] = [
    [c2sp, ["X1", "X2", "Y1"], true],
    [c2sp, ["X1", "X3", "Y1", "Y2", "Y3"], true],
    [c2sp, ["X1", "Y1", "Y2", "Y3"], false],
    [c2sp, ["X1", "X2", "X3"], false],
    [c2sp, [], false],
    [single, ["w"], true],
    [single, ["v"], false],
    [`${witness("w")}quorum none\n`, ["w"], false],
    ["quorum none\n", [], false],
  ];
  return cases.map(([policy, witnesses, met]) => ({ policy, witnesses, met }));
}
