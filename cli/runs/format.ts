/** Numbers and bars for people. */
import type { MemberState } from "./member-state.ts";

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

export function formatSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** @param share from 0 to 1; what lies outside is cut */
export function formatBar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

const isOver = (member: MemberState) => member.phase === "Succeeded" || member.phase === "Failed";

/** Share of a member that is done; what has succeeded is done whatever its last heartbeat said. */
export function shareOf(member: MemberState): number {
  return member.phase === "Succeeded" ? 1 : (member.percent ?? 0) / 100;
}

/** A member on one line, without its bar. */
export function formatMember(member: MemberState): string {
  const { name, phase, percent, bytesDone, note } = member;
  const parts = [name.padEnd(6), phase.padEnd(9)];
  // A dump has no known end, so no percent.
  if (!isOver(member) && percent !== undefined && percent > 0) parts.push(`${percent.toFixed(0)} %`);
  if (!isOver(member) && bytesDone !== undefined && bytesDone > 0) parts.push(formatBytes(bytesDone));
  if (note !== "") parts.push(note);
  return parts.join("  ").trimEnd();
}

/**
 * When each member worked, as bars on one time axis.
 *
 * @param width of the axis in characters
 * @returns one line a member that worked
 */
export function formatTimeline(members: readonly MemberState[], width: number): readonly string[] {
  const worked = members.flatMap(({ name, startedAt, finishedAt }) => {
    return startedAt === undefined || finishedAt === undefined ? [] : [{ name, startedAt, finishedAt }];
  });
  const from = Math.min(...worked.map(({ startedAt }) => startedAt));
  const until = Math.max(...worked.map(({ finishedAt }) => finishedAt));
  const column = (at: number) => Math.round(((at - from) / Math.max(1, until - from)) * width);
  const nameWidth = Math.max(6, ...worked.map(({ name }) => name.length));
  return worked.map(({ name, startedAt, finishedAt }) => {
    const begin = Math.min(column(startedAt), width - 1);
    const length = Math.max(1, column(finishedAt) - begin);
    const bar = "·".repeat(begin) + "█".repeat(length) + "·".repeat(width - begin - length);
    return `${name.padEnd(nameWidth)}  ${bar}  ${formatSeconds(startedAt - from)} to ${formatSeconds(finishedAt - from)}`;
  });
}

/** Columns as wide as their widest cell; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}
