/** The temporary folder of a node: made where overlays can be written, removed when this process is gone. */
import { spawn } from "node:child_process";
import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SETUP_ENV } from "./sandbox/shell.ts";

/** What statfs says of a file system that is itself an overlay, such as the root of a container. */
const OVERLAY_MAGIC = 0x794c7630;

/** An overlay cannot be the upper layer of another; memory can. */
export async function createNodeFolder(): Promise<string> {
  const temporary = tmpdir();
  const parent = (await statfs(temporary)).type === OVERLAY_MAGIC ? "/dev/shm" : temporary;
  return await mkdtemp(join(parent, "stash-batch-node-"));
}

export interface FolderReaper {
  /** The folder is taken care of: the reaper ends without touching it. */
  dismiss(): void;
}

/**
 * A shell that waits for the end of a pipe which only this process holds. Processes of pods die at the same time, and
 * may write once more, so it looks several times. `--one-file-system` keeps it from ever following a mount.
 */
const SCRIPT = `
if read -r answer; then exit 0; fi
for attempt in 1 2 3 4 5; do sleep 0.2; rm -rf --one-file-system -- "$1" && [ ! -e "$1" ] && exit 0; done
`;

export function reapFolder(folder: string): FolderReaper {
  const child = spawn("sh", ["-c", SCRIPT, "folder-reaper", folder], {
    env: SETUP_ENV,
    stdio: ["pipe", "ignore", "ignore"],
    // Out of reach of a signal to the whole group, such as Ctrl-C in a terminal.
    detached: true,
  });
  child.unref();
  child.stdin.on("error", () => undefined);
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return { dismiss: () => child.stdin.end("done\n") };
}
