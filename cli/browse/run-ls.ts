/** Lists files of a backup as the repository tells them, one by one. */
import { numberAt, parseJson, textAt } from "../../shared/json/value.ts";
import { formatSize } from "../../shared/size.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { plainText } from "../terminal/plain-text.ts";
import { cut } from "../terminal/table.ts";
import { hostsOf, ofMember, oneHolding } from "./choose-snapshots.ts";
import { withPoints } from "./open-place.ts";
import { parseBackupPath, parsePlaceWord } from "./place-word.ts";

export interface ListedFile {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly sizeBytes: number;
  readonly modifiedAt: string;
}

export async function runLs(input: Input): Promise<ExitCode> {
  const [word = "", pathWord] = input.words;
  const place = parsePlaceWord(word);
  const path = parseBackupPath(pathWord);
  const printer = printerOf(input);
  await withPoints(input, [place.point], async (shell, [open]) => {
    if (open === undefined) return;
    const snapshots = ofMember(open.snapshots, open.point, place.member, input.flags.text("host"));
    const recursive = input.flags.has("recursive") ? ["--recursive"] : [];
    const severalHosts = hostsOf(snapshots).length > 1;
    const show = (host: string, file: ListedFile) => printer.add({ ...file, host }, severalHosts);
    if (pathWord === undefined && recursive.length === 0) {
      for (const { host, path: saved } of snapshots) show(host, rootOf(saved));
      return;
    }
    const wanted = pathWord === undefined ? snapshots : [oneHolding(snapshots, path)];
    const asked = pathWord === undefined ? [] : [path];
    for (const { id, host } of wanted) {
      await shell.lines(["ls", "--json", "--no-lock", ...recursive, "--", id, ...asked], (line) => {
        const file = readListedFile(line);
        // A folder that is asked for is listed by what is in it.
        const isAsked = file?.type === "dir" && file.path === path;
        if (file !== undefined && !isAsked) show(host, file);
      });
    }
  });
  printer.end();
  return ExitCode.Good;
}

function rootOf(path: string): ListedFile {
  return { path, type: "dir", mode: "-", sizeBytes: 0, modifiedAt: "-" };
}

/** A line of `restic ls --json`; undefined for the one that tells of the snapshot. */
export function readListedFile(line: string): ListedFile | undefined {
  const node = parseJson(line);
  const path = textAt(node, "path");
  const type = textAt(node, "type");
  if (path === undefined || type === undefined) return undefined;
  return {
    path,
    type,
    mode: textAt(node, "permissions") ?? "-",
    sizeBytes: numberAt(node, "size") ?? 0,
    modifiedAt: (textAt(node, "mtime") ?? "-").replace(/\.\d+/, ""),
  };
}

interface Printer {
  /** @param namesHost whether the path alone does not tell which file it is */
  add(file: ListedFile & { readonly host: string }, namesHost: boolean): void;
  end(): void;
}

/** A million files must not wait for the last one, so columns have a width of their own. */
function printerOf({ format, terminal }: Input): Printer {
  let count = 0;
  return {
    add(file, namesHost) {
      count++;
      const named = namesHost ? { ...file, path: `${file.host}:${file.path}` } : file;
      if (format === Format.Json) {
        terminal.write(`${count === 1 ? '{"files": [\n' : ",\n"}${JSON.stringify(file)}`);
      } else if (format === Format.Name) terminal.print(plainText(named.path));
      else terminal.print(formatFile(named, terminal.width));
    },
    end() {
      if (format === Format.Json) terminal.print(count === 0 ? '{"files": []}' : "\n]}");
      else if (count === 0) terminal.note("there is nothing");
    },
  };
}

/** Of all that is told beside the path a narrow terminal has room for the size. */
const WIDE = 80;

export function formatFile({ mode, type, sizeBytes, modifiedAt, path }: ListedFile, width: number | undefined): string {
  const size = (type === "file" ? formatSize(sizeBytes) : "-").padStart(10);
  if (width !== undefined && width < WIDE) return cut(plainText(`${size}  ${path}`), width);
  const line = plainText(`${mode.padEnd(11)} ${size}  ${modifiedAt.padEnd(25)}  ${path}`);
  return width === undefined ? line : cut(line, width);
}
