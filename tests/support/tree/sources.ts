/** The sources of the product and what they import, read as text. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");

export interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
  /** It is loaded when it is called for, by `import()`. */
  readonly isLate: boolean;
  /** What it takes by name; all of it, where it takes it as a whole or late. */
  readonly names: readonly string[] | "all";
}

export function sourceFiles(folder: string): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => join(folder, file));
  } catch {
    return [];
  }
}

export function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const statements = text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^;]*?\sfrom\s+"([^"]+)"|import\("([^"]+)"\)/gm);
  return [...statements].map((match) => ({
    file,
    specifier: match[2] ?? match[3] ?? "",
    isTypeOnly: match[1] !== undefined,
    isLate: match[3] !== undefined,
    names: namesIn(match[0]),
  }));
}

function namesIn(statement: string): readonly string[] | "all" {
  const [, list] = /\{([^}]*)\}/.exec(statement) ?? [];
  return (
    list?.split(",").map((one) =>
      one
        .trim()
        .replace(/^type /, "")
        .replace(/ as .*$/, ""),
    ) ?? "all"
  );
}

/** The file of ours that is imported, from the root; undefined for a package. */
export function importedFile({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(ROOT, resolve(ROOT, dirname(file), specifier));
}
