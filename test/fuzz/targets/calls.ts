// What a stranger sends to the service: the authorization header, page tokens of short lists, and
// the bytes of every request.
import {
  create,
  type DescMessage,
  type DescService,
  fromBinary,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { Health } from "@strongroom/proto/grpc/health/v1/health";
import { ServerReflection } from "@strongroom/proto/grpc/reflection/v1/reflection";
import { utf8 } from "@strongroom/protocol";
import { byteMutators } from "../mutate/bytes.ts";
import { textMutators } from "../mutate/text.ts";
import { wireMutators } from "../mutate/wire.ts";
import { expect, Finding, type Target, textOf } from "../target.ts";
import { built, sameBytes } from "../valid-inputs.ts";

type GateModule = typeof import("../../../services/storage/src/gate.js");
type LimitsModule = typeof import("../../../services/storage/src/call-limits.js");
type Requests = typeof import("../../../services/storage/src/requests.js");
type ServiceModule = typeof import("../../../services/storage/src/service.js");
type PrincipalsModule = typeof import("../../../packages/store/src/state/principals.js");

/** Input: method, then one line for each authorization header. */
export async function authorizationTarget(): Promise<Target> {
  const { Gate } = await built<GateModule>("services/storage/dist/gate.js");
  const { CallLimits } = await built<LimitsModule>("services/storage/dist/call-limits.js");
  const { Principals, formatToken } = await built<PrincipalsModule>(
    "packages/store/dist/state/principals.js",
  );
  const principals = new Principals(new Uint8Array(32).fill(7), []);
  const token = formatToken(new Uint8Array(32).fill(9));
  const at = { index: 0, atMs: 0 };
  const role = { name: "role", value: "reader" };
  principals.apply({ ...at, event: "principal-set", subject: "r", details: [role] });
  const details = [
    { name: "token-id", value: "t" },
    { name: "token-hash", value: principals.hashToken(token) },
  ];
  principals.apply({ ...at, event: "token-created", subject: "r", details });
  const limits = new CallLimits({ serverMax: 100, principalMax: 100 });
  const gate = new Gate({
    authenticate: (offered) => principals.authenticate(offered, 1),
    limits,
    countRefusal: () => {},
  });
  const query = "strongroom.fact.v1.FactService/Query";
  const open = "grpc.health.v1.Health/Check";
  return {
    name: "authorization",
    seeds: [`${query}\nBearer ${token}`, `${query}\nbearer ${token}`, open].map(utf8),
    mutators: textMutators,
    codes: ["UNAUTHENTICATED", "PERMISSION_DENIED"],
    check(input) {
      const [method = "", ...authorization] = textOf(input).split("\n");
      const admission = gate.admit({ method, authorization, peer: "127.0.0.1:9" });
      admission.release();
      expect(limits.total === 0, "keeps units of the limits");
      if (admission.principal === undefined) {
        expect(method.startsWith("grpc.health."), "lets a stranger in");
        return "accepted as nobody";
      }
      const [only = ""] = authorization;
      expect(authorization.length === 1, "takes several headers");
      expect(/^bearer /i.test(only) && only.slice(7) === token, "takes another token");
      expect(READER_METHODS.test(method), `lets a reader call ${method}`);
      return "accepted";
    },
  };
}

const READER_METHODS =
  /^(strongroom\.fact\.v1\.FactService\/(Get|BatchGet|Query|Search|Watch)|strongroom\.log\.v1\.LogService\/(?!Verify)\w+|grpc\.)/;

export async function pagePositionTarget(): Promise<Target> {
  const { encodePosition, parsePosition, parseNumberPosition } = await built<Requests>(
    "services/storage/dist/requests.js",
  );
  const positions = ["0", "17", "999999999999999", "a name", ""];
  return {
    name: "page-position",
    seeds: positions.map((position) => utf8(encodePosition("checkpoints", position))),
    mutators: textMutators,
    codes: ["PAGE_TOKEN_INVALID"],
    check(input) {
      const token = textOf(input);
      const position = parsePosition("checkpoints", token);
      if (token === "") return "accepted as the first page";
      expect(position !== undefined, "takes a token for none");
      expect(encodePosition("checkpoints", position) === token, "a position has two tokens");
      if (/^\d{1,15}$/.test(position)) {
        const number = parseNumberPosition("checkpoints", token);
        expect(number === Number(position), "reads another number");
      }
      return "accepted";
    },
  };
}

/** Decoding, as the service does it before anything else: every request message in turn. */
export async function requestTarget(): Promise<Target> {
  const { servedServices } = await built<ServiceModule>("services/storage/dist/service.js");
  const services: readonly DescService[] = [...servedServices, Health, ServerReflection];
  const inputs = services.flatMap(({ methods }) =>
    methods.map(({ input }) => input as DescMessage),
  );
  return {
    name: "grpc-request",
    seeds: inputs.map((schema) => sampleOf(schema)),
    mutators: [...wireMutators, ...byteMutators],
    codes: [],
    inputsInCi: 6000,
    check(input, { origin }) {
      const schema = inputs[origin];
      if (schema === undefined) return "accepted";
      const message = decode(schema, input);
      if (message === undefined) return "refused";
      const bytes = toBinary(schema, message);
      const again = toBinary(schema, fromBinary(schema, bytes));
      expect(sameBytes(bytes, again), "a request changes when it is passed on");
      expect(({} as { polluted?: unknown }).polluted === undefined, "a request changes Object");
      return "accepted";
    },
  };
}

/** The service turns what the library throws into INVALID_ARGUMENT: it must be an Error. */
function decode(schema: DescMessage, bytes: Uint8Array) {
  try {
    return fromBinary(schema, bytes);
  } catch (error) {
    if (error instanceof Error && !/Maximum call stack|out of memory/i.test(error.message)) {
      return undefined;
    }
    throw new Finding(`decoding fails: ${String(error)}`);
  }
}

/** A message with every field set, two levels deep. */
export function sampleOf(schema: DescMessage): Uint8Array {
  return toBinary(schema, create(schema, sampleFields(schema, 3) as never));
}

function sampleFields(schema: DescMessage, depth: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const field of schema.fields) {
    if (field.oneof !== undefined && field.oneof.fields[0] !== field) continue;
    const value = sampleValue(field, depth);
    if (value === undefined) continue;
    if (field.oneof === undefined) fields[field.localName] = value;
    else fields[field.oneof.localName] = { case: field.localName, value };
  }
  return fields;
}

function sampleValue(field: DescMessage["fields"][number], depth: number): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return sampleScalar(field.scalar, field.name);
    case "enum":
      return field.enum.values.at(-1)?.number ?? 0;
    case "message":
      return depth > 0 ? sampleFields(field.message, depth - 1) : undefined;
    case "list":
      if (field.listKind === "scalar") return [sampleScalar(field.scalar, field.name)];
      if (field.listKind === "enum") return [1];
      return depth > 0 ? [sampleFields(field.message, depth - 1)] : [];
    default:
      return undefined;
  }
}

function sampleScalar(scalar: ScalarType, name: string): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return /scope/.test(name) ? "a/b" : "text";
    case ScalarType.BYTES:
      return new Uint8Array(32).fill(3);
    case ScalarType.BOOL:
      return true;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 5n;
    default:
      return 5;
  }
}
