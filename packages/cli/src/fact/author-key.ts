// Author seeds from files: 32 raw bytes or 64 hex digits. Errors name the file, never its content.
import { fromHex } from "@strongroom/protocol";
import { CliError } from "../errors.ts";
import { readBytesFile } from "../settings.ts";

export async function readAuthorSeeds(files: readonly string[] = []): Promise<Uint8Array[]> {
  return Promise.all(files.map(readAuthorSeed));
}

async function readAuthorSeed(file: string): Promise<Uint8Array> {
  const bytes = await readBytesFile(file);
  if (bytes.length === 32) return bytes;
  const text = bytes.length <= 66 ? new TextDecoder().decode(bytes).trim() : "";
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text.toLowerCase());
  throw new CliError("USAGE", `read the author key ${file}: expect 32 bytes or 64 hex digits`);
}
