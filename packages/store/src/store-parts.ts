// What a Store is put together from.
import { parseVkey } from "@strongroom/protocol";
import { Attestations } from "./attest/attestations.ts";
import { KeyAdmin } from "./attest/key-admin.ts";
import { RegisteredKeys } from "./attest/registered-keys.ts";
import { Appender } from "./commit/appender.ts";
import type { StoreError } from "./errors.ts";
import type { EventHub } from "./events.ts";
import type { OpenedStore } from "./open/open-store.ts";
import { Reads } from "./read/reads.ts";
import { Integrity } from "./state/integrity.ts";
import { PinnedNotes } from "./state/pinned-notes.ts";
import { PrincipalAdmin } from "./state/principal-admin.ts";
import { Principals } from "./state/principals.ts";
import type { DueAttestation, Head } from "./types.ts";

export interface StoreParts {
  reads: Reads;
  appender: Appender;
  principals: Principals;
  admin: PrincipalAdmin;
  integrity: Integrity;
  pinned: PinnedNotes;
  attestations: Attestations;
  keys: KeyAdmin;
}

export function assembleParts(
  opened: OpenedStore,
  hooks: { head(): Head; refusal(): StoreError | undefined; events: EventHub },
): StoreParts {
  const { committer, state } = opened.threads;
  const { identity } = opened.opened;
  const { factBytesMax } = opened.settings;
  const { textSearch } = opened.index;
  const { events, head } = hooks;
  const reads = new Reads({
    pool: opened.readers,
    head,
    onHead: (listener) => events.on("head", listener),
    reportMismatch: (mismatch) => void integrity.report(mismatch),
    textSearch,
  });
  const appender = new Appender({ committer, reads, factBytesMax });
  const integrity = new Integrity({
    state,
    appender,
    openAlarms: opened.openAlarms,
    onAlarm: (alarm) => events.emit("alarm", alarm),
  });
  const principals = new Principals(opened.rootKeys.tokenHash, identity.events);
  const admin = new PrincipalAdmin(principals, appender);
  const verifier = parseVkey(identity.logVkey);
  const pinned = new PinnedNotes({ verifier, reads, committer, state, head });
  const registered = new RegisteredKeys(identity.events);
  const keys = new KeyAdmin(registered, {
    appender,
    onChanged: () => opened.readers.setKeys(registered.all()),
  });
  const attestations = new Attestations({
    ...{ state, committer, reads, integrity, events },
    ...{ keys: registered, refusal: hooks.refusal, verifier },
  });
  committer.on<number>("checkpoint", (size) => events.emit("checkpoint", size));
  state.on<DueAttestation[]>("attestations-due", (due) => events.emit("attestationsDue", due));
  return { reads, appender, principals, admin, integrity, pinned, attestations, keys };
}
