// grpc.reflection.v1 from the descriptors compiled into the program, so that grpcurl and the like
// need no .proto files.
import {
  type DescFile,
  type DescService,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type {
  ServerReflection,
  ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from "@strongroom/proto/grpc/reflection/v1/reflection";
import type { HandlersOf } from "./adapter.ts";

type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = NonNullable<Response["messageResponse"]>;

export interface ReflectionOptions {
  services: readonly DescService[];
  /** Files that no service imports: messages that travel as bytes. */
  files: readonly DescFile[];
  /** The status number to answer for an unknown name. */
  notFoundCode: number;
}

export function reflectionHandlers(
  options: ReflectionOptions,
): HandlersOf<typeof ServerReflection> {
  const { services, notFoundCode } = options;
  const files = collectFiles([...services.map(({ file }) => file), ...options.files]);
  const symbols = collectSymbols(files.values());
  const notFound: Answer = {
    case: "errorResponse",
    value: { errorCode: notFoundCode, errorMessage: "no such name here" },
  };

  const answer = (request: ServerReflectionRequest): Answer => {
    const { messageRequest: asked } = request;
    switch (asked.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map(({ typeName }) => ({ name: typeName })) },
        };
      case "fileByFilename":
        return describeFile(files.get(asked.value)) ?? notFound;
      case "fileContainingSymbol":
        return describeFile(symbols.get(asked.value)) ?? notFound;
      default:
        return notFound;
    }
  };

  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(request),
        };
      }
    },
  };
}

function describeFile(file: DescFile | undefined): Answer | undefined {
  if (file === undefined) return undefined;
  const wanted = [...withImports(file, new Set())];
  return {
    case: "fileDescriptorResponse",
    value: { fileDescriptorProto: wanted.map((f) => toBinary(FileDescriptorProtoSchema, f.proto)) },
  };
}

function collectFiles(roots: readonly DescFile[]): Map<string, DescFile> {
  const files = new Set<DescFile>();
  for (const file of roots) withImports(file, files);
  return new Map([...files].map((file) => [file.proto.name, file]));
}

/** A file, then everything that it imports. */
function withImports(file: DescFile, found: Set<DescFile>): Set<DescFile> {
  if (found.has(file)) return found;
  found.add(file);
  for (const dependency of file.dependencies) withImports(dependency, found);
  return found;
}

function collectSymbols(files: Iterable<DescFile>): Map<string, DescFile> {
  const symbols = new Map<string, DescFile>();
  for (const file of files) {
    for (const service of file.services) {
      symbols.set(service.typeName, file);
      for (const method of service.methods) {
        symbols.set(`${service.typeName}.${method.name}`, file);
      }
    }
    const messages = [...file.messages];
    for (const message of messages) {
      symbols.set(message.typeName, file);
      messages.push(...message.nestedMessages);
      for (const nested of message.nestedEnums) symbols.set(nested.typeName, file);
    }
    for (const enumeration of file.enums) symbols.set(enumeration.typeName, file);
  }
  return symbols;
}
