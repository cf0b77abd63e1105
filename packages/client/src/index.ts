// SDK over gRPC: append facts and get receipts that were verified before you see them.
export {
  Admin,
  type KeyPurposeName,
  keyPurposes,
  type PrincipalInput,
  type RoleName,
  roleNames,
} from "./admin.ts";
export type { Appended, AppendOptions, Retracted, RetractOptions } from "./append.ts";
export type {
  AppendedItem,
  AppendManyOptions,
  AppendOutcome,
  RefusedItem,
} from "./append-many.ts";
export {
  AttestationWork,
  type FailedAttempt,
  type LeaseKey,
  type WorkChanges,
  type WorkLeases,
  type WorkTarget,
} from "./attestation-work.ts";
export {
  type AttestationFilter,
  type AttestationStateName,
  Attestations,
  attestationStates,
} from "./attestations.ts";
export type { FactSource } from "./batch-reader.ts";
export type { CallOptions } from "./channel.ts";
export { Client, type Head } from "./client.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export {
  type ClientCode,
  ClientError,
  type ClientErrorOptions,
  clientCodes,
  type ErrorCode,
  type ErrorKind,
} from "./errors.ts";
export type {
  ConsistencyProof,
  ReadEntriesOptions,
  ReceiptsOptions,
  VerifyOptions,
} from "./log.ts";
export {
  type FactInput,
  type PreparedFact,
  type PrepareOptions,
  prepareFact,
} from "./prepare-fact.ts";
export type {
  FactFilter,
  FactKey,
  QueryOptions,
  ReadOptions,
  SearchHit,
  SearchOptions,
} from "./read.ts";
export type { FactStateName, ReadFact, VerifyMode } from "./read-fact.ts";
export { readState, replaceFile, type TrustState, type Verdict } from "./state-file.ts";
export type { VerifyReceiptOptions } from "./verify-receipt.ts";
export type { WatchEvent, WatchOptions } from "./watch.ts";
