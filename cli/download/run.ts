/** Copies files of a backup to this machine. */

import { mkdir, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "../../shared/contract.ts";
import { numberAt, parseJson } from "../../shared/json/value.ts";
import { formatSize } from "../../shared/size.ts";
import { hostsOf, ofMember, oneHolding, type PointSnapshots } from "../browse/choose-snapshots.ts";
import { withPoints } from "../browse/open-place.ts";
import { isInFolder, parseBackupPath, parsePlaceWord } from "../browse/place-word.ts";
import { readListedFile } from "../browse/run-ls.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { gatherWork } from "../repository-work/gather-work.ts";
import { type Shell, withShell } from "../repository-work/shell.ts";
import { plainText } from "../terminal/plain-text.ts";
import { type Includes, readIncludes } from "./include.ts";
import { placeEntry, placeFolder } from "./place-entry.ts";
import { type Count, showProgress } from "./progress.ts";
import { type TarEntry, tarEntries } from "./tar-entries.ts";

interface Order {
  readonly id: string;
  /** Folder or file of the snapshot. */
  readonly path: string;
  /** What the folder of its own is called after; undefined: there is no other. */
  readonly own: string | undefined;
}

export async function runDownload(input: Input): Promise<ExitCode> {
  const { flags, words } = input;
  const includes = readIncludes(flags.list("include"));
  const ids = flags
    .list("snapshots")
    .flatMap((one) => one.split(","))
    .filter(Boolean);
  const path = parseBackupPath(words[1]);
  const wanted = resolve(flags.text("output") ?? flags.text("destination") ?? ".");
  await mkdir(wanted, { recursive: true });
  // The folder itself may be a link; what lies in it may not.
  const folder = await realpath(wanted);
  const count: Count = { files: 0, bytes: 0, leftOut: 0 };
  const progress = showProgress(input.terminal, count);
  const fetchAll = async (shell: Shell, orders: readonly Order[]) => {
    for (const order of orders) {
      const into = order.own === undefined ? folder : await placeFolder(folder, order.own);
      await fetchOne(input, shell, { ...order, folder: into }, includes, count);
    }
  };
  try {
    if (ids.length > 0) {
      const cluster = await openCluster(input);
      const view = await gatherWork(cluster, words[0] ?? "", flags);
      const below = narrowest(includes.root, path);
      const orders = ids.map((id) => ({ id: plainId(id), path: below, own: id }));
      await withShell(input, cluster, view, (shell) => fetchAll(shell, orders));
    } else {
      const place = parsePlaceWord(words[0] ?? "");
      await withPoints(input, [place.point], async (shell, [open]) => {
        if (open === undefined) return;
        const snapshots = ofMember(open.snapshots, open.point, place.member, flags.text("host"));
        await fetchAll(shell, ordersFor(snapshots, path, includes));
      });
    }
  } finally {
    progress.stop();
  }
  input.terminal.note(`${count.files} files, ${formatSize(count.bytes)}, in ${folder}`);
  if (count.files === 0 && flags.list("include").length > 0) {
    throw new UsageError("nothing matches --include", "see what there is with `ls -R`");
  }
  return count.leftOut > 0 ? ExitCode.Partial : ExitCode.Good;
}

/** @throws UsageError */
function plainId(id: string): string {
  if (/^[0-9a-f]{4,64}$|^latest$/.test(id)) return id;
  throw new UsageError(`${id} is no id of a snapshot`, "write 8 or more of its hexadecimal digits, or latest");
}

/** What is asked for, or the part of it in which all lies that is meant. */
function narrowest(root: string, path: string): string {
  return isInFolder(root, path) ? root : path;
}

function ordersFor(snapshots: readonly PointSnapshots[], path: string, includes: Includes): readonly Order[] {
  const isOne = hostsOf(snapshots).length === 1;
  const narrow = narrowest(includes.root, path);
  const found = snapshots.flatMap(({ id, host, path: saved }) => {
    const below = isInFolder(narrow, saved) ? narrow : isInFolder(saved, narrow) ? saved : undefined;
    return below === undefined ? [] : [{ id, path: below, own: isOne ? undefined : host }];
  });
  // Says what there is instead.
  if (found.length === 0) oneHolding(snapshots, narrow);
  return found;
}

async function fetchOne(
  { terminal }: Input,
  shell: Shell,
  { id, path, folder }: Pick<Order, "id" | "path"> & { readonly folder: string },
  includes: Includes,
  count: Count,
): Promise<void> {
  const file = await findFile(shell, id, path);
  const stdout = new PassThrough();
  const fetched = shell
    .run([Command.Restic, "dump", "--no-lock", "--archive", "tar", "--", id, path], { stdout })
    .catch((thrown: unknown) => {
      stdout.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      throw thrown;
    });
  const placed = (async () => {
    const entries = file === undefined ? tarEntries(stdout) : [{ ...file, data: stdout }];
    for await (const entry of entries) {
      if (!includes.has(`/${entry.path.replace(/^\/+|\/+$/g, "")}`)) continue;
      const { leftOut } = await placeEntry(folder, entry, (bytes) => {
        count.bytes += bytes;
      });
      if (leftOut === undefined) {
        if (entry.type !== "folder") count.files++;
      } else {
        count.leftOut++;
        terminal.note(plainText(`left out ${entry.path}: ${leftOut}`));
      }
    }
  })();
  // Nobody reads on when a file can't be written.
  placed.catch((thrown: unknown) => stdout.destroy(thrown instanceof Error ? thrown : new Error(String(thrown))));
  await Promise.all([fetched, placed]);
}

/** restic packs folders alone; a single file comes as it is. Undefined for a folder. */
async function findFile(shell: Shell, id: string, path: string): Promise<Omit<TarEntry, "data"> | undefined> {
  let found: Omit<TarEntry, "data"> | undefined;
  await shell.lines(["ls", "--json", "--no-lock", "--", id, path], (line) => {
    const file = readListedFile(line);
    if (file?.path !== path || file.type !== "file") return;
    const mode = numberAt(parseJson(line), "mode") ?? 0o600;
    const modifiedAt = (Date.parse(file.modifiedAt) || 0) / 1_000;
    found = { path, type: "file", linkTarget: "", mode: mode & 0o777, modifiedAt, sizeBytes: file.sizeBytes };
  });
  return found;
}
