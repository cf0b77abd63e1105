// A log over a real socket, for tests of the client: signs whatever history it is told to have.
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ErrorInfoSchema } from "@strongroom/proto/google/rpc/error_details";
import { StatusSchema } from "@strongroom/proto/google/rpc/status";
import {
  type AppendStreamRequest,
  AppendStreamResponseSchema,
  FactService,
  type WatchRequest,
  WatchResponseSchema,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import {
  type GetConsistencyProofRequest,
  GetConsistencyProofResponseSchema,
  type GetHeadRequest,
  GetHeadResponseSchema,
  GetVerifierKeysResponseSchema,
  LogService,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import {
  ed25519,
  ed25519Signer,
  ed25519Verifier,
  formatVkey,
  hashFact,
  parseCheckpoint,
  parseNote,
  proveConsistency,
  rootOfLeaves,
  sha256,
  signCheckpoint,
  utf8,
} from "@strongroom/protocol";

export class FakeLog {
  readonly origin: string;
  readonly vkey: string;
  readonly calls: string[] = [];
  /** Leaf hashes; replace them to tell another story. */
  leaves: Uint8Array[] = [];
  /** Called for each batch of AppendStream; true breaks the stream instead of answering. */
  breakBatch: (batch: number) => boolean = () => false;
  /** The reason for which GetHead refuses every note that is offered to it. */
  refusal: string | undefined;
  /** Answered as the head instead of the true one. */
  headNote: Uint8Array | undefined;
  /** What Watch sends from an index on; the stream breaks after each list. */
  watched: (fromIndex: bigint) => MessageInitShape<typeof WatchResponseSchema>[] = () => [];
  address = "";
  readonly #server = new Server();
  readonly #seed: Uint8Array;
  readonly #facts = new Map<string, number>();
  #batches = 0;

  constructor(origin = "log.example", seed = sha256(utf8(origin))) {
    this.origin = origin;
    this.#seed = seed;
    this.vkey = formatVkey(ed25519Verifier(origin, ed25519.publicKey(seed)));
  }

  /** Grows by leaves that depend on `story`, so that two stories differ. */
  grow(count: number, story = "one"): this {
    for (let i = 0; i < count; i++) {
      this.leaves.push(sha256(utf8(`${story} ${this.leaves.length}`)));
    }
    return this;
  }

  note(size = this.leaves.length): Uint8Array {
    const root = rootOfLeaves(this.leaves.slice(0, size));
    const checkpoint = { origin: this.origin, size: BigInt(size), root };
    return signCheckpoint(checkpoint, [ed25519Signer(this.origin, this.#seed)]);
  }

  async start(): Promise<this> {
    const methods = [
      LogService.method.getHead,
      LogService.method.getVerifierKeys,
      LogService.method.getConsistencyProof,
      FactService.method.appendStream,
      FactService.method.watch,
    ];
    const definition = Object.fromEntries(methods.map((m) => [m.localName, definitionOf(m)]));
    this.#server.addService(definition, this.#handlers());
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      this.#server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.address = `127.0.0.1:${port}`;
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #handlers(): UntypedServiceImplementation {
    return {
      getHead: this.#getHead,
      getVerifierKeys: this.#getVerifierKeys,
      getConsistencyProof: this.#getConsistencyProof,
      appendStream: this.#appendStream,
      watch: this.#watch,
    };
  }

  readonly #getHead: handleUnaryCall<GetHeadRequest, unknown> = (call, done) => {
    this.calls.push("getHead");
    const size = this.leaves.length;
    const { pinnedNote } = call.request;
    const pinned =
      pinnedNote.length === 0 ? 0 : Number(parseCheckpoint(parseNote(pinnedNote).text).size);
    const consistency = pinned > 0 && pinned < size ? this.#prove(pinned, size) : [];
    if (this.refusal !== undefined && pinnedNote.length > 0) {
      done(refusalOf(this.refusal));
      return;
    }
    const treeSize = BigInt(size);
    const checkpoint = this.headNote ?? this.note();
    done(null, create(GetHeadResponseSchema, { checkpoint, treeSize, consistency }));
  };

  readonly #getVerifierKeys: handleUnaryCall<unknown, unknown> = (_call, done) => {
    this.calls.push("getVerifierKeys");
    const keys = { origin: this.origin, logVkeys: [this.vkey], storeId: "fake" };
    done(null, create(GetVerifierKeysResponseSchema, keys));
  };

  readonly #getConsistencyProof: handleUnaryCall<GetConsistencyProofRequest, unknown> = (
    call,
    done,
  ) => {
    const { fromSize, toSize } = call.request;
    const proof = this.#prove(Number(fromSize), Number(toSize));
    done(null, create(GetConsistencyProofResponseSchema, { fromSize, toSize, proof }));
  };

  readonly #appendStream: handleBidiStreamingCall<AppendStreamRequest, unknown> = (call) => {
    this.calls.push("appendStream");
    call.on("data", ({ facts, requestId }: AppendStreamRequest) => {
      const results = facts.map(({ fact }) => {
        const cid = hashFact(fact);
        const key = cid.toString();
        const before = this.#facts.get(key);
        const index = before ?? this.leaves.push(cid) - 1;
        this.#facts.set(key, index);
        return { cid, index: BigInt(index), existing: before !== undefined };
      });
      if (this.breakBatch(this.#batches++)) {
        call.emit("error", { code: 14, details: "the server goes away" });
        return;
      }
      const treeSize = BigInt(this.leaves.length);
      const checkpoint = this.note();
      const answer = { results, treeSize, checkpoint, requestId };
      call.write(create(AppendStreamResponseSchema, answer));
    });
    call.on("end", () => call.end());
  };

  readonly #watch: handleServerStreamingCall<WatchRequest, unknown> = (call) => {
    this.calls.push(`watch ${call.request.fromIndex}`);
    for (const event of this.watched(call.request.fromIndex)) {
      call.write(create(WatchResponseSchema, event));
    }
    if (call.request.untilHead) call.end();
    else call.emit("error", { code: 14, details: "the server goes away" });
  };

  #prove(from: number, to: number): Uint8Array[] {
    return proveConsistency(from, to, (level, index) =>
      rootOfLeaves(this.leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
    );
  }
}

function refusalOf(reason: string): Partial<ServiceError> {
  const info = create(ErrorInfoSchema, { reason, domain: "strongroom" });
  const rich = create(StatusSchema, {
    code: status.FAILED_PRECONDITION,
    message: reason,
    details: [anyPack(ErrorInfoSchema, info)],
  });
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, rich)));
  return { code: status.FAILED_PRECONDITION, details: reason, metadata };
}

function definitionOf(method: DescMethod): MethodDefinition<unknown, unknown> {
  const kind = method.methodKind;
  const serialize = (schema: DescMethod["input"]) => (message: unknown) =>
    Buffer.from(toBinary(schema, message as never));
  const deserialize = (schema: DescMethod["input"]) => (bytes: Uint8Array) =>
    fromBinary(schema, bytes) as unknown;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: kind === "client_streaming" || kind === "bidi_streaming",
    responseStream: kind === "server_streaming" || kind === "bidi_streaming",
    requestSerialize: serialize(method.input),
    requestDeserialize: deserialize(method.input),
    responseSerialize: serialize(method.output),
    responseDeserialize: deserialize(method.output),
  };
}
