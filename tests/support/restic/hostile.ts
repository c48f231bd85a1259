/** Surroundings in which a backup or restore must fail, and say why. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

const NOBODY = 65_534;

/** A restic that runs as an ordinary user, as in a restricted container. @returns path of the program */
export function unprivilegedRestic(dir: string): string {
  const path = join(dir, "restic-as-nobody");
  const user = `setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups --no-new-privs`;
  writeFileSync(path, `#!/bin/sh\nexec ${process.getuid?.() === 0 ? `${user} ` : ""}restic "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A restic that runs as root without the right to set owners, as in a container that keeps few. @returns its path */
export function resticWithoutChown(dir: string): string {
  const path = join(dir, "restic-without-chown");
  writeFileSync(path, '#!/bin/sh\nexec setpriv --inh-caps -chown --bounding-set -chown restic "$@"\n', { mode: 0o755 });
  return path;
}

/** A small disk. @returns how to take it away */
export function mountSmallDisk(folder: string, megabytes: number): () => void {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  return () => {
    execFileSync("umount", ["-l", folder]);
  };
}

/** A server that accepts connections and never says a word. */
export function startSilentServer(): Promise<{ readonly port: number; readonly server: Server }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.on("error", () => undefined));
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({ port: typeof address === "object" && address !== null ? address.port : 0, server });
    });
  });
}
