/** Tells what changed between two points. */
import { numberAt, parseJson, textAt, valueAt } from "../../shared/json/value.ts";
import { formatSize } from "../../shared/size.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { plainText } from "../terminal/plain-text.ts";
import { printData } from "../terminal/print.ts";
import type { PointSnapshots } from "./choose-snapshots.ts";
import { withPoints } from "./open-place.ts";
import { parsePlaceWord } from "./place-word.ts";

interface Change {
  readonly member: string;
  readonly host: string;
  readonly path: string;
  readonly modifier: string;
}

interface MemberDiff {
  readonly member: string;
  readonly host: string;
  readonly path: string;
  readonly older: string | undefined;
  readonly newer: string | undefined;
  readonly changedFiles: number;
  readonly addedBytes: number;
  readonly removedBytes: number;
}

export async function runDiff(input: Input): Promise<ExitCode> {
  const [older = "", newer = ""] = input.words.map((word) => readPoint(word));
  const wanted = input.flags.list("member").flatMap((one) => one.split(","));
  const changes: Change[] = [];
  const isJson = input.format === Format.Json;
  const members = await withPoints(input, [older, newer], async (shell, [before, after]) => {
    const found: MemberDiff[] = [];
    for (const pair of pairsOf(before?.snapshots ?? [], after?.snapshots ?? [], wanted)) {
      let end: unknown;
      if (pair.older !== undefined && pair.newer !== undefined) {
        const metadata = input.flags.has("metadata") ? ["--metadata"] : [];
        await shell.lines(["diff", "--json", "--no-lock", ...metadata, "--", pair.older, pair.newer], (line) => {
          const message = parseJson(line);
          if (textAt(message, "message_type") === "statistics") end = message;
          const path = textAt(message, "path");
          const modifier = textAt(message, "modifier");
          if (path === undefined || modifier === undefined) return;
          const { member, host } = pair;
          if (isJson) changes.push({ member, host, path, modifier });
          else input.terminal.print(plainText(`${modifier.padEnd(3)} ${member}:${path}`));
        });
      }
      found.push({ ...pair, ...countsOf(end) });
    }
    return found;
  });
  if (isJson) printData(input, { members, changes });
  else for (const member of members) input.terminal.note(formatMemberDiff(member));
  if (members.length > 0) return ExitCode.Good;
  throw new UsageError("the points have no member in common", "see `points -o json`");
}

function readPoint(word: string): string {
  const { point, member } = parsePlaceWord(word);
  if (member !== undefined) throw new UsageError(`${word} names a member`, `write ${point}, and -m ${member}`);
  return point;
}

type Pair = Pick<MemberDiff, "member" | "host" | "path" | "older" | "newer">;

/** Each member, host and path of one of both points. */
function pairsOf(
  before: readonly PointSnapshots[],
  after: readonly PointSnapshots[],
  wanted: readonly string[],
): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  const add = (snapshots: readonly PointSnapshots[], side: "older" | "newer") => {
    for (const { member, host, path, id } of snapshots) {
      if (wanted.length > 0 && !wanted.includes(member)) continue;
      const key = JSON.stringify([member, host, path]);
      const known = pairs.get(key) ?? { member, host, path, older: undefined, newer: undefined };
      pairs.set(key, { ...known, [side]: id });
    }
  };
  add(before, "older");
  add(after, "newer");
  return [...pairs.values()];
}

function countsOf(statistics: unknown): Pick<MemberDiff, "changedFiles" | "addedBytes" | "removedBytes"> {
  const [added, removed] = [valueAt(statistics, "added"), valueAt(statistics, "removed")];
  return {
    changedFiles: numberAt(statistics, "changed_files") ?? 0,
    addedBytes: numberAt(added, "bytes") ?? 0,
    removedBytes: numberAt(removed, "bytes") ?? 0,
  };
}

function formatMemberDiff({ member, path, older, newer, changedFiles, addedBytes, removedBytes }: MemberDiff): string {
  const place = `${member}:${path}`;
  if (older === undefined) return `${place}: only in the newer point`;
  if (newer === undefined) return `${place}: only in the older point`;
  return `${place}: ${changedFiles} changed, ${formatSize(addedBytes)} more and ${formatSize(removedBytes)} less of data`;
}
