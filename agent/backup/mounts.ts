/** Where the container has volumes. */

import { readFileSync } from "node:fs";
import { Path } from "../../shared/contract.ts";
import { isWithin } from "../../shared/paths.ts";

/** What every container has, and what is mounted for ourselves: no data of an application. */
const NO_VOLUMES = [
  "/proc",
  "/sys",
  "/dev",
  "/etc/hosts",
  "/etc/hostname",
  "/etc/resolv.conf",
  "/var/run/secrets",
  "/run/secrets",
  Path.Scratch,
  Path.Secrets,
  Path.AppSecrets,
];

/** Mount points of `/proc/self/mountinfo`; blanks and backslashes in them are written in octal. */
export function parseMounts(text: string): readonly string[] {
  const points = text.split("\n").map((line) => line.split(" ")[4] ?? "");
  return points
    .filter((point) => point !== "")
    .map((point) => point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))));
}

/** @returns undefined where this is no container of ours: then mounts say nothing about volumes */
export function volumesAmong(mounts: readonly string[]): readonly string[] | undefined {
  if (!mounts.includes(Path.Scratch)) return undefined;
  return mounts.filter((mount) => !NO_VOLUMES.some((own) => isWithin(mount, own)));
}

export function gatherVolumes(): readonly string[] | undefined {
  return volumesAmong(parseMounts(readFileSync("/proc/self/mountinfo", "utf8")));
}
