/** What a page tells its reader to do, in order: commands, what they print, and files that it shows. */

export interface PageStep {
  readonly commands: string;
  /** What they print; undefined where the page does not say. */
  readonly output: string | undefined;
}

export interface ShownFile {
  readonly path: string;
  readonly text: string;
}

export interface Page {
  readonly steps: readonly PageStep[];
  readonly files: readonly ShownFile[];
}

/** A block `text` right after a block `sh` is what that prints; a YAML block whose first line is a path shows that file, or a document of it. */
export function readPage(markdown: string): Page {
  const blocks = [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
  const steps = blocks.flatMap((block, at): readonly PageStep[] => {
    if (block.language !== "sh") return [];
    const next = blocks[at + 1];
    return [{ commands: block.text, output: next?.language === "text" ? next.text : undefined }];
  });
  const files = blocks
    .filter(({ language }) => language === "yaml")
    .map(({ text }) => ({ path: /^# (\S+)\n/.exec(text)?.[1] ?? "", text: text.replace(/^# .*\n/, "") }));
  return { steps, files };
}

/** Whether output is what a page shows: `...` alone on a line stands for any lines, within a line for anything; runs of blanks are one. */
export function isAsShown(shown: string, output: string): boolean {
  const lines = shown.trimEnd().split("\n");
  const pattern = lines.map((line) => (line.trim() === "..." ? "(?:.*\n)*?" : `${linePattern(line)}\n`)).join("");
  return new RegExp(`^${pattern}$`).test(`${output.trimEnd()}\n`);
}

function linePattern(line: string): string {
  return line
    .trim()
    .split(/\s*[.]{3}\s*/)
    .map((part) => part.split(/\s+/).map(escapeRegExp).join("[ \\t]+"))
    .join(".*");
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
