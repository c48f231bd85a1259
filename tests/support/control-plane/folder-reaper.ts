/** A temporary folder that goes away when this process is gone, however it ends. */
import { spawn } from "node:child_process";

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
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore"],
    // Out of reach of a signal to the whole group, such as Ctrl-C in a terminal.
    detached: true,
  });
  child.unref();
  child.stdin.on("error", () => undefined);
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return { dismiss: () => child.stdin.end("done\n") };
}
