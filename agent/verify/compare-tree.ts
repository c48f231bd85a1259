/** Names and attributes of a restored tree against those of its snapshot, as restic lists them. */

import type { OrderedSnapshot } from "../../shared/api/verification.ts";
import type { Restic } from "../restic/client.ts";
import { listSnapshot } from "../restic/list-snapshot.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { compareEntry } from "./decide-entry.ts";
import { judgeSnapshot } from "./decide-snapshot.ts";
import type { Findings } from "./findings.ts";
import { gatherEntry, gatherLinkTarget } from "./gather-entry.ts";
import { readListedEntry } from "./listed-entry.ts";
import { placeOf, type RestoredPath } from "./places.ts";

/** restic can't say in one line where such a link leads. */
const ODD = /[\n\r\ufffd]/;

export interface ComparedTree {
  readonly snapshot: Snapshot | undefined;
  /** Files, folders and links. */
  readonly entries: number;
  /** Files alone. */
  readonly files: number;
  readonly bytes: number;
  /** The path is that of a file, not of a folder. */
  readonly isFile: boolean;
  /** `PATH -> TARGET` of each link that came back. */
  readonly links: readonly string[];
  /** Links of which that can't be said. */
  readonly oddLinks: number;
}

export interface TreePorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly findings: Findings;
  /** Whether whoever restored could give files to others. */
  readonly areOwnersSet: boolean;
  /** Is told the path of each file that came back with its size. */
  onFile(path: string): void;
}

/** @throws UserError when restic can't list the snapshot */
export async function compareTree(
  ordered: OrderedSnapshot,
  where: RestoredPath,
  { restic, signal, findings, areOwnersSet, onFile }: TreePorts,
): Promise<ComparedTree> {
  let snapshot: Snapshot | undefined;
  let entries = 0;
  let files = 0;
  let bytes = 0;
  let isFile = false;
  let oddLinks = 0;
  const links: string[] = [];
  await listSnapshot(restic, [ordered.id], {
    signal,
    onSnapshot(listed) {
      snapshot = listed;
      findings.add(...judgeSnapshot(ordered, listed));
    },
    onEntry(node) {
      const wanted = readListedEntry(node);
      const place = wanted && placeOf(wanted.path, where);
      if (wanted === undefined || place === undefined) return;
      const seen = gatherEntry(place);
      findings.add(...compareEntry(wanted, seen, areOwnersSet));
      entries += 1;
      if (wanted.type === "file") {
        files += 1;
        bytes += wanted.size;
        if (wanted.path === where.path) isFile = true;
        if (seen !== undefined && "kind" in seen && seen.kind === "file" && seen.size === wanted.size) {
          onFile(wanted.path);
        }
      }
      if (wanted.type !== "symlink" || seen === undefined || !("kind" in seen) || seen.kind !== "symlink") return;
      const target = gatherLinkTarget(place);
      if (target === undefined || ODD.test(target) || ODD.test(wanted.path)) oddLinks += 1;
      else links.push(`${wanted.path} -> ${target}`);
    },
  });
  return { snapshot, entries, files, bytes, isFile, links, oddLinks };
}
