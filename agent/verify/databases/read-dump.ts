/** Reads a dump out of its snapshot, all of it: so that whatever is missing in the repository shows. */
import type { Restic } from "../../restic/client.ts";
import type { DumpEnds } from "./decide-dump.ts";
import type { DumpRows } from "./dump-rows.ts";

/** Comments and settings stand before the first statement that counts. */
const HEAD_BYTES = 4_096;
const TAIL_BYTES = 2_048;

export interface ReadDump extends DumpEnds {
  readonly bytes: number;
}

/** @throws UserError when restic can't read it */
export async function readDump(
  restic: Restic,
  dump: { readonly snapshotId: string; readonly file: string; readonly rows: DumpRows },
  signal: AbortSignal,
): Promise<ReadDump> {
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let bytes = 0;
  const file = `/${dump.file.replace(/^\/+/, "")}`;
  const exit = await restic.run(["dump", "--quiet", "--no-lock", dump.snapshotId, file], {
    signal,
    onRawStdout(stdout) {
      stdout.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        dump.rows.feed(chunk);
        if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
        tail = Buffer.from(Buffer.concat([tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES));
      });
    },
  });
  if (exit.code !== 0) throw restic.fault("reading of the dump", exit);
  return { head: head.toString("latin1"), tail: tail.toString("latin1"), bytes };
}
