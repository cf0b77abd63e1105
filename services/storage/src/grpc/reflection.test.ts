import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  ServerReflection,
  type ServerReflectionResponse,
} from "@strongroom/proto/grpc/reflection/v1/reflection";
import { file_strongroom_fact_v1_fact } from "@strongroom/proto/strongroom/fact/v1/fact";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { collect, failureOf } from "../raw-client.test-kit.ts";
import { startLoopback } from "./loopback.test-kit.ts";
import { reflectionHandlers } from "./reflection.ts";

const { serverReflectionInfo } = ServerReflection.method;
const handlers = reflectionHandlers({
  services: [FactService, ServerReflection],
  files: [file_strongroom_fact_v1_fact],
  notFoundCode: 5,
});

test("lists services, and gives a symbol's file with all that it imports", async () => {
  const loopback = await startLoopback(ServerReflection, handlers);
  try {
    const stream = loopback.client.bidiStream(serverReflectionInfo);
    stream.write({ messageRequest: { case: "listServices", value: "" } });
    const symbols = [
      "strongroom.fact.v1.FactService",
      "strongroom.fact.v1.FactService.Append",
      "strongroom.fact.v1.FactState",
      "strongroom.receipt.v1.Receipt",
    ];
    for (const value of symbols) {
      stream.write({ messageRequest: { case: "fileContainingSymbol", value } });
    }
    const file = "strongroom/fact/v1/fact.proto";
    stream.write({ messageRequest: { case: "fileByFilename", value: file } });
    stream.write({ messageRequest: { case: "fileContainingSymbol", value: "no.Such" } });
    stream.end();
    const [list, service, ...rest] = (await collect<ServerReflectionResponse>(stream)).map(
      (r) => r.messageResponse,
    );
    assert.deepEqual(
      list?.case === "listServicesResponse" && list.value.service.map((s) => s.name),
      ["strongroom.fact.v1.FactService", "grpc.reflection.v1.ServerReflection"],
    );
    assert.ok(service?.case === "fileDescriptorResponse");
    const names = service.value.fileDescriptorProto.map(
      (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
    );
    assert.equal(names[0], "strongroom/fact/v1/fact_service.proto");
    assert.ok(names.includes("google/protobuf/timestamp.proto"));
    assert.equal(new Set(names).size, names.length);
    const cases = rest.map((response) => response.case);
    assert.deepEqual(cases, [
      "fileDescriptorResponse",
      "fileDescriptorResponse",
      "fileDescriptorResponse",
      "fileDescriptorResponse",
      "errorResponse",
    ]);
  } finally {
    await loopback.close();
  }
});

test("is for principals only", async () => {
  const loopback = await startLoopback(ServerReflection, handlers);
  try {
    const stream = loopback.client.bidiStream(serverReflectionInfo, { authorization: [] });
    assert.equal((await failureOf(collect(stream))).reason, "UNAUTHENTICATED");
  } finally {
    await loopback.close();
  }
});
