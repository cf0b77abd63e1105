// state.db of a store that is closed, for what works on its folder: nobody else has it open.
import { openState } from "../engine/sqlite/open.ts";
import type { SqliteState } from "../engine/sqlite/state-db.ts";
import { lendFileKeys, type OpenedKeyring } from "../keys/keyring.ts";
import type { Settings } from "../options.ts";

interface ClosedStore {
  settings: Settings;
  keyring: OpenedKeyring;
}

export function withState<T>(
  { settings, keyring }: ClosedStore,
  use: (state: SqliteState) => T,
): T {
  const { cipher } = keyring.keyring;
  const state = lendFileKeys(keyring, ["state"], ({ state: fileKey }) =>
    openState({ folder: settings.path, cipher, fileKey }),
  );
  try {
    return use(state);
  } finally {
    state.close();
  }
}
