/** The part of a plan that is about files. Pure. */
import type { TriedRestore } from "../../agent/restore/tried.ts";
import { formatSize } from "../../shared/size.ts";
import type { MemberFiles, Plan, PlannedMember } from "./decide-plan.ts";

/** As many names are shown to people; -o json has more. */
const SHOWN_NAMES = 5;

/** Sums up what several hosts say. */
export function addTried(a: TriedRestore, b: TriedRestore): TriedRestore {
  return {
    newFiles: a.newFiles + b.newFiles,
    changedFiles: a.changedFiles + b.changedFiles,
    sameFiles: a.sameFiles + b.sameFiles,
    totalBytes: a.totalBytes + b.totalBytes,
    writtenBytes: a.writtenBytes + b.writtenBytes,
    overwritten: [...a.overwritten, ...b.overwritten],
  };
}

/** @param files of the members, in their order */
export function withFiles(plan: Plan, files: readonly MemberFiles[]): Plan {
  const members = plan.members.map((member, at): PlannedMember => {
    const own = files[at];
    return own === undefined ? member : { ...member, files: own };
  });
  return { ...plan, members };
}

export function formatFiles({ name, files }: Pick<PlannedMember, "name" | "files">): readonly string[] {
  if (files === undefined) return [];
  if (files.kind === "unknown") return [`${name}: not known: ${files.why}`];
  const { newFiles, changedFiles, sameFiles, totalBytes, writtenBytes, overwritten } = files.files;
  const sum = `${name}: ${newFiles} new, ${changedFiles} written over, ${sameFiles} the same`;
  const shown = overwritten.slice(0, SHOWN_NAMES).map((path) => `  writes over ${path}`);
  const rest = changedFiles - shown.length;
  return [
    `${sum}; ${formatSize(writtenBytes)} of ${formatSize(totalBytes)} are written`,
    ...shown,
    ...(rest > 0 ? [`  and over ${rest} more`] : []),
    ...(files.lacks === undefined ? [] : [`  not in these numbers: ${files.lacks}`]),
  ];
}
