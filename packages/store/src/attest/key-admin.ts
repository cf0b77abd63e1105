// Registers and retires keys: each change is a key event in the log first.
import {
  COSIGNATURE_TYPE,
  ENTRY_KINDS,
  encodeKeyEvent,
  formatVkey,
  parseVkey,
  sha256,
  text,
  toHex,
  utf8,
} from "@strongroom/protocol";
import { loadAttestationKey, loadTrustedRoot } from "@strongroom/protocol/attestation";
import type { Appender } from "../commit/appender.ts";
import { CONTROL_SCOPE } from "../commit/scope-heads.ts";
import { StoreError, toStoreError } from "../errors.ts";
import type { CallContext } from "../types.ts";
import type { KeyPurpose, RegisteredKey } from "./attestation-types.ts";
import { keyEventNames, type RegisteredKeys } from "./registered-keys.ts";

export const REGISTERED_KEY_BYTES_MAX = 48 * 1024;
const NAME_BYTES_MAX = 128;
const LOCAL: CallContext = { principal: "local", requestId: "", peer: "" };
const KEYS_MAX = 1000;

export interface KeyToRegister {
  purpose: KeyPurpose;
  /** SPKI in DER, trusted root JSON, or a C2SP verifier key line, by its purpose. */
  key: Uint8Array;
  name?: string;
}

interface KeyAdminParts {
  appender: Appender;
  /** The keys changed: whoever has a copy must hear of it before the change is answered. */
  onChanged(): Promise<void>;
}

export class KeyAdmin {
  readonly #keys: RegisteredKeys;
  readonly #parts: KeyAdminParts;
  /** One change at a time: two equal registrations make one entry. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(keys: RegisteredKeys, parts: KeyAdminParts) {
    this.#keys = keys;
    this.#parts = parts;
  }

  /** Newest first. */
  list(options: { purpose?: KeyPurpose; includeRetired?: boolean } = {}): RegisteredKey[] {
    return this.#keys.list(options);
  }

  /** An equal key that is in force is returned as it was. */
  register(added: KeyToRegister, context: CallContext = LOCAL): Promise<RegisteredKey> {
    return this.#inTurn(async () => {
      const { purpose, name = "" } = added;
      const key = checkKey(added);
      const id = toHex(sha256(key));
      const known = this.#keys.get(id);
      if (known && known.retiredIndex === undefined) return requirePurpose(known, purpose);
      if (!known && this.#keys.count >= KEYS_MAX) {
        throw new StoreError("LIMIT_EXCEEDED", `register key: there are ${KEYS_MAX} already`);
      }
      const details = name === "" ? [] : [{ name: "name", value: name }];
      const event = { event: `${keyEventNames[purpose]}-registered`, subject: id, details };
      await this.#append({ ...event, publicKey: key }, context);
      return this.#require(id);
    });
  }

  /** One that is retired already is returned as it was. */
  retire(id: string, context: CallContext = LOCAL): Promise<RegisteredKey> {
    return this.#inTurn(async () => {
      const known = this.#require(id);
      if (known.retiredIndex !== undefined) return known;
      const event = `${keyEventNames[known.purpose]}-retired`;
      await this.#append({ event, subject: id, details: [] }, context);
      return this.#require(id);
    });
  }

  async #append(
    event: {
      event: string;
      subject: string;
      details: { name: string; value: string }[];
      publicKey?: Uint8Array;
    },
    context: CallContext,
  ): Promise<void> {
    const request = {
      kind: ENTRY_KINDS["key-event"],
      body: encodeKeyEvent(event),
      scope: CONTROL_SCOPE,
    };
    const { index } = await this.#parts.appender.appendEntry(request, context);
    this.#keys.apply({ ...event, index, atMs: Date.now() });
    await this.#parts.onChanged();
  }

  #require(id: string): RegisteredKey {
    const found = this.#keys.get(id);
    if (found) return found;
    throw new StoreError("NOT_FOUND", "there is no registered key of that id");
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** The key's bytes as they are kept: one form, so that one key has one id. */
function checkKey({ purpose, key, name = "" }: KeyToRegister): Uint8Array {
  if (key.length === 0 || key.length > REGISTERED_KEY_BYTES_MAX) {
    throw new StoreError("LIMIT_EXCEEDED", "register key: it has 1 to 49,152 bytes");
  }
  if (utf8(name).length > NAME_BYTES_MAX) {
    throw new StoreError(
      "LIMIT_EXCEEDED",
      `register key: its name is above ${NAME_BYTES_MAX} bytes`,
    );
  }
  try {
    if (purpose === "witness") return checkWitnessKey(key);
    if (purpose === "attestation") loadAttestationKey(key);
    else loadTrustedRoot(key);
    return key;
  } catch (reason) {
    throw toStoreError(reason);
  }
}

function checkWitnessKey(key: Uint8Array): Uint8Array {
  const verifier = parseVkey(text(key).trim());
  if (verifier.type === COSIGNATURE_TYPE) return utf8(formatVkey(verifier));
  throw new StoreError("MALFORMED_VKEY", "register key: a witness's key is of type 0x04");
}

function requirePurpose(known: RegisteredKey, purpose: KeyPurpose): RegisteredKey {
  if (known.purpose === purpose) return known;
  throw new StoreError("INVALID_ARGUMENT", `register key: it is registered as ${known.purpose}`);
}
