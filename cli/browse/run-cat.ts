/** Prints a file of a backup, byte for byte. */
import { Command } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import type { Shell } from "../repository-work/shell.ts";
import { ofMember, oneHolding, type PointSnapshots } from "./choose-snapshots.ts";
import { withPoints } from "./open-place.ts";
import { parseBackupPath, parsePlaceWord } from "./place-word.ts";
import { readListedFile } from "./run-ls.ts";

export async function runCat(input: Input): Promise<ExitCode> {
  const [word = "", pathWord] = input.words;
  const place = parsePlaceWord(word);
  const path = pathWord === undefined ? undefined : parseBackupPath(pathWord);
  await withPoints(input, [place.point], async (shell, [open]) => {
    if (open === undefined) return;
    const snapshots = ofMember(open.snapshots, open.point, place.member, input.flags.text("host"));
    const file = path === undefined ? await onlyFile(shell, snapshots) : { ...oneHolding(snapshots, path), file: path };
    await shell.run([Command.Restic, "dump", "--no-lock", "--", file.id, file.file], {
      stdout: input.terminal.openOutput(),
    });
  });
  return ExitCode.Good;
}

/** Of a dump there is one file, whose name nobody has to know. @throws UserError SNAPSHOT_NOT_FOUND */
async function onlyFile(shell: Shell, snapshots: readonly PointSnapshots[]) {
  const files: { readonly id: string; readonly file: string }[] = [];
  for (const { id } of snapshots) {
    await shell.lines(["ls", "--json", "--no-lock", "--recursive", "--", id], (line) => {
      const found = readListedFile(line);
      // Two are as good as a million.
      if (found?.type === "file" && files.length < 2) files.push({ id, file: found.path });
    });
  }
  const [only, second] = files;
  if (only !== undefined && second === undefined) return only;
  throw new UserError("SNAPSHOT_NOT_FOUND", files.length === 0 ? "there is no file" : "there are several files", {
    next: "name one by its path; `ls` tells them",
  });
}
