// One fact through the front door: appended, receipt verified. Tells the newcomer that it works.
import type { Settings } from "../settings.ts";

export interface FirstFact {
  readonly cid: string;
  readonly index: string;
  readonly treeSize: string;
  readonly proven: readonly string[];
}

export async function appendFirstFact(
  settings: Settings,
  address: string,
  token: string,
): Promise<FirstFact> {
  const { connect } = await import("@strongroom/client");
  const { formatCid } = await import("@strongroom/protocol");
  const { timestampNow } = await import("@bufbuild/protobuf/wkt");
  const { statePath, timeoutMs } = settings;
  const client = await connect({ address, token, statePath, timeoutMs });
  try {
    const appended = await client.append({
      scope: "strongroom/start",
      entity: "strongroom",
      relation: "started",
      value: { case: "datetime", value: timestampNow() },
      source: "strongroom dev",
      assertedAt: timestampNow(),
    });
    return {
      cid: formatCid(appended.cid),
      index: String(appended.index),
      treeSize: String(appended.treeSize),
      proven: appended.proven.proven,
    };
  } finally {
    await client.close();
  }
}
