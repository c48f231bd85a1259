/** What a real restic said and how it ended, kept, and what the agent makes of it. */
import { judgePath } from "../../../agent/backup/judge-path.ts";
import { ReadFaults } from "../../../agent/backup/read-faults.ts";
import { PARTIAL_EXIT_CODE, resticFault } from "../../../agent/restic/fault.ts";
import { type BackupSummary, parseResticLine } from "../../../agent/restic/messages.ts";
import type { ResticExit } from "../../../agent/restic/run.ts";
import { createTail } from "../../../agent/restic/tail.ts";
import { parseRestoreLine } from "../../../agent/restore/messages.ts";
import { type ItemError, restoreFault } from "../../../agent/restore/outcome.ts";

export interface Recording {
  /** What went wrong. */
  readonly name: string;
  /** The code that it has. */
  readonly code: string;
  readonly command: "backup" | "restore" | "other";
  readonly exit: Pick<ResticExit, "code" | "signal" | "stopped">;
  /** Of both streams, in their order. */
  readonly lines: readonly string[];
}

function exitOf({ exit, lines }: Recording): ResticExit {
  const tail = createTail();
  for (const line of lines) tail.add(line);
  return { code: exit.code, signal: exit.signal, stopped: exit.stopped, tail: tail.lines, durationMs: 0 };
}

function judgeBackup(recording: Recording): string | undefined {
  const faults = new ReadFaults();
  let summary: BackupSummary | undefined;
  for (const line of recording.lines) {
    const message = parseResticLine(line);
    if (message?.kind === "summary") summary = message.summary;
    if (message?.kind === "error") faults.add(message, message.item.endsWith("closed") ? "folder" : "other");
  }
  const exit = exitOf(recording);
  if (exit.code !== 0 && exit.code !== PARTIAL_EXIT_CODE) return resticFault("backup of /data", exit).code;
  if (summary?.snapshotId === undefined) return "NO_SNAPSHOT_REPORTED";
  return judgePath({
    path: "/data",
    filesRead: summary.filesTotal,
    unreadable: faults.count,
    firstFolder: faults.firstFolder,
    isUnnamed: exit.code === PARTIAL_EXIT_CODE && faults.count === 0,
    hasFile: true,
  })?.code;
}

function judgeRestore(recording: Recording): string {
  const errors: ItemError[] = recording.lines.flatMap((line) => {
    const message = parseRestoreLine(line);
    return message.kind === "item-error" ? [{ item: message.item, text: message.text }] : [];
  });
  const what = "restore of snapshot 1234abcd";
  return restoreFault(errors, resticFault(what, exitOf(recording)), what).code;
}

/** The code that the agent gives to what was recorded. */
export function judgeRecording(recording: Recording): string | undefined {
  switch (recording.command) {
    case "backup":
      return judgeBackup(recording);
    case "restore":
      return judgeRestore(recording);
    default:
      return resticFault("look for the repository", exitOf(recording)).code;
  }
}
