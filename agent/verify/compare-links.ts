/** Where links lead against where those of the snapshot lead. restic tells that only in the lines that it writes for people. */
import type { Restic } from "../restic/client.ts";
import type { Findings } from "./findings.ts";

/** Mode, owner, group, size, day and time; then the path. */
const LINK = /^L\S+ +\d+ +\d+ +\d+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (.*)$/;
const LIST_LIMIT_MS = 60 * 60_000;

/**
 * @param links `PATH -> TARGET` of each link, as it came back
 * @throws UserError when restic can't list the snapshot
 */
export async function compareLinks(
  id: string,
  links: readonly string[],
  { restic, signal, findings }: { readonly restic: Restic; readonly signal: AbortSignal; readonly findings: Findings },
): Promise<void> {
  if (links.length === 0) return;
  const open = new Set(links);
  const exit = await restic.run(["ls", "--long", "--no-lock", id], {
    signal,
    timeLimitMs: LIST_LIMIT_MS,
    onOutput(line) {
      const link = LINK.exec(line)?.[1];
      if (link !== undefined) open.delete(link);
    },
  });
  if (exit.code !== 0) throw restic.fault(`look at snapshot ${id.slice(0, 8)}`, exit);
  for (const link of open) {
    findings.add({
      code: "RESTORED_FILE_DIFFERS",
      path: link,
      message: "the link leads elsewhere than in the snapshot",
    });
  }
}
