/** A repository as restic tells of it in a container: its snapshots, and a file in each of their paths. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Executed } from "./memory-api.ts";

export interface BrowsedSnapshot {
  readonly id: string;
  readonly hostname: string;
  readonly paths: readonly string[];
}

/** All are of member `web` of the point `shop-1`. */
export function browse(snapshots: readonly BrowsedSnapshot[]): (command: readonly string[]) => Executed {
  const tags = ["session=shop/shop-1", "target=Deployment/shop/web"];
  const listed = snapshots.map((one) => ({ ...one, time: "2030-01-01T00:00:00Z", tags }));
  return (command) => {
    if (command.includes("snapshots")) return { stdout: JSON.stringify(listed) };
    const [id = "", path] = wordsOf(command);
    const snapshot = snapshots.find((one) => one.id === id);
    if (snapshot === undefined) return { exitCode: 1, stderr: `no snapshot ${id}\n` };
    if (command.includes("ls")) return { stdout: listFiles(snapshot) };
    if (command.includes("dump")) return { stdout: pack(`${path ?? ""}/own`, `data of ${id}`) };
    return { exitCode: 1, stderr: "no such command\n" };
  };
}

/** What stands behind the flags, all of it after `--`. */
export function wordsOf(command: readonly string[]): readonly string[] {
  const at = command.indexOf("--");
  return at < 0 ? [] : command.slice(at + 1);
}

function listFiles({ id, paths }: BrowsedSnapshot): string {
  const nodes = paths.flatMap((path) => [
    { path, type: "dir" },
    { path: `${path}/${id}`, type: "file", size: 3 },
  ]);
  return nodes.map((node) => `${JSON.stringify(node)}\n`).join("");
}

function pack(path: string, data: string): string {
  const dir = mkdtempSync(join(tmpdir(), "stash-pack-"));
  try {
    const inside = path.replace(/^\/+/, "");
    mkdirSync(join(dir, inside, ".."), { recursive: true });
    writeFileSync(join(dir, inside), data);
    return execFileSync("tar", ["-C", dir, "-cf", "-", "."]).toString();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
