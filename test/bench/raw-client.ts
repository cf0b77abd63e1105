// A bare grpc-js client of one unary method: no retries, no verification. The same for our service
// and for the echo floor.
import {
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";

export class RawClient<I extends DescMessage, O extends DescMessage> {
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #method: DescMethodUnary<I, O>;

  constructor(address: string, method: DescMethodUnary<I, O>, token?: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      "grpc.enable_channelz": 0,
    });
    this.#method = method;
    if (token !== undefined) this.#metadata.set("authorization", `Bearer ${token}`);
  }

  call(request: MessageShape<I>): Promise<MessageShape<O>> {
    const { input, output, parent, name } = this.#method;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/${parent.typeName}/${name}`,
        (message: MessageShape<I>) => asBuffer(toBinary(input, message)),
        (bytes: Buffer) => fromBinary(output, bytes),
        request,
        this.#metadata,
        (error, response) => {
          if (error) reject(error);
          else resolve(response as MessageShape<O>);
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
