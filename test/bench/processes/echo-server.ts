// The echo floor: parses an append request and answers with a response as big as ours, no more.
import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import {
  AppendRequestSchema,
  AppendResponseSchema,
  FactService,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { asBuffer } from "../raw-client.ts";

// argv[2]: a file with a response of our service.
const response = fromBinary(AppendResponseSchema, readFileSync(process.argv[2] ?? ""));
const method = FactService.method.append;
const server = new Server({ "grpc.enable_channelz": 0 });
server.addService(
  {
    append: {
      path: `/${FactService.typeName}/${method.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message) => asBuffer(toBinary(AppendRequestSchema, message)),
      requestDeserialize: (bytes) => fromBinary(AppendRequestSchema, bytes),
      responseSerialize: (message) => asBuffer(toBinary(AppendResponseSchema, message)),
      responseDeserialize: (bytes) => fromBinary(AppendResponseSchema, bytes),
    },
  },
  {
    append: (_call: unknown, answer: (error: null, value: typeof response) => void) =>
      answer(null, response),
  },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`127.0.0.1:${port}\n`);
});
// Whoever started it closes its input to end it.
process.stdin.on("end", () => server.forceShutdown()).resume();
