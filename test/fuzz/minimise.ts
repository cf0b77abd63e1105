// Fewer bytes with the same failure: parts are put back to what was valid, then left out, in
// halves down to single bytes.
const TRIES_MAX = 3000;

export async function minimise(
  input: Uint8Array,
  valid: Uint8Array,
  isStillWrong: (bytes: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  const take = async (candidate: Uint8Array): Promise<boolean> => {
    if (tries++ >= TRIES_MAX || !(await isStillWrong(candidate))) return false;
    best = candidate;
    return true;
  };
  if (input.length === valid.length) {
    await inParts(
      () => best.length,
      (start, end) => {
        if (sameIn(best, valid, start, end)) return Promise.resolve(false);
        const candidate = best.slice();
        candidate.set(valid.subarray(start, end), start);
        return take(candidate).then(() => false);
      },
    );
    return best;
  }
  await inParts(
    () => best.length,
    (start, end) => {
      const candidate = new Uint8Array(best.length - (end - start));
      candidate.set(best.subarray(0, start));
      candidate.set(best.subarray(end), start);
      return take(candidate);
    },
  );
  return best;
}

/** Tries every part, large ones first; `change` says whether the part is gone. */
async function inParts(
  lengthNow: () => number,
  change: (start: number, end: number) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(lengthNow() / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < lengthNow(); ) {
      const end = Math.min(start + size, lengthNow());
      if (!(await change(start, end))) start = end;
    }
  }
}

function sameIn(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (a[i] !== b[i]) return false;
  return true;
}
