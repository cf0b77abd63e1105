// Version 2 says of an entry that it already has only where it is: its proof is put together from
// the published checkpoint and tiles.
import { formatTilePath, MalformedError, type Tile, VerificationError } from "@strongroom/protocol";
import {
  findLog,
  parseLogCheckpoint,
  parseRekorRequest,
  rebuildRekorEntry,
  tilesOfEntry,
} from "@strongroom/protocol/attestation";
import { failed, failureOfRead } from "./failure-of.ts";
import { type HttpAnswer, HttpFailure } from "./http.ts";
import type { RekorPlace, Submitted } from "./rekor-api.ts";

const TILE_WIDTH = 256;

export async function readExistingEntry(
  place: RekorPlace,
  existing: { readonly index: bigint; readonly request: Uint8Array },
  signal: AbortSignal,
): Promise<Submitted> {
  const { index, request } = existing;
  const fetched: Fetched = { checkpoint: "", tiles: new Map() };
  try {
    const checkpoint = await read(place, "/checkpoint", signal);
    fetched.checkpoint = new TextDecoder().decode(checkpoint);
    const { size, name } = parseLogCheckpoint(fetched.checkpoint);
    if (index >= size) return failed("retry", `entry ${index} is not published yet`);
    for (const tile of tilesOfEntry(index, size)) {
      fetched.tiles.set(`${tile.level}/${tile.n}`, await readTile(place, tile, signal));
    }
    const { logId } = findLog(place.trust, name);
    const { entryBody } = parseRekorRequest(request);
    const tileAt = (level: number, n: number) => fetched.tiles.get(`${level}/${n}`);
    const { checkpoint: envelope } = fetched;
    const entry = rebuildRekorEntry({ index, entryBody, logId, checkpoint: envelope, tileAt });
    return { kind: "entry", entry, answer: evidenceOf(index, fetched) };
  } catch (cause) {
    if (cause instanceof NotRead) return cause.failure;
    if (!(cause instanceof MalformedError || cause instanceof VerificationError)) throw cause;
    const evidence = evidenceOf(index, fetched);
    return { ...failed("invalid-answer", `existing entry: ${cause.message}`), evidence };
  }
}

interface Fetched {
  checkpoint: string;
  readonly tiles: Map<string, Uint8Array>;
}

class NotRead extends Error {
  readonly failure: ReturnType<typeof failed>;

  constructor(failure: ReturnType<typeof failed>) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A log may have dropped a partial tile once the full one exists. */
async function readTile(place: RekorPlace, tile: Tile, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await read(place, formatTilePath(tile), signal);
  } catch (cause) {
    if (tile.width === TILE_WIDTH || !(cause instanceof NotRead)) throw cause;
    return await read(place, formatTilePath({ ...tile, width: TILE_WIDTH }), signal);
  }
}

async function read(place: RekorPlace, path: string, signal: AbortSignal): Promise<Uint8Array> {
  let answer: HttpAnswer;
  try {
    answer = await place.http.request({ method: "GET", url: `${place.readUrl}${path}`, signal });
  } catch (cause) {
    if (cause instanceof HttpFailure) throw new NotRead(failureOfRead(path, cause));
    throw cause;
  }
  if (answer.status !== 200) throw new NotRead(failureOfRead(path, answer));
  return answer.body;
}

function evidenceOf(index: bigint, { checkpoint, tiles }: Fetched): Uint8Array {
  const shown = [...tiles].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]);
  const evidence = { logIndex: String(index), checkpoint, tiles: Object.fromEntries(shown) };
  return new TextEncoder().encode(JSON.stringify(evidence));
}
