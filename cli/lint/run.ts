/** Checks files before they are applied. */
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isData, printData } from "../terminal/print.ts";
import { checkObject, type LintFinding, placeObject } from "./check-objects.ts";
import { checkReferences } from "./check-references.ts";
import { type ReadFiles, readFiles } from "./read-documents.ts";

export async function runLint(input: Input): Promise<ExitCode> {
  const places = input.flags.list("filename");
  if (places.length === 0) throw new UsageError("which files?", "name them with -f; - is the input");
  const read = await readFiles(places, process.stdin);
  const findings = lintFiles(read, input.flags.text("namespace") ?? "default");
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  if (isData(input.format)) printData(input, { objects: read.objects.length, findings });
  else {
    for (const { severity, file, line, object, message, next } of findings) {
      input.terminal.print(plainText(`${file}:${line}: ${severity}: ${object}: ${message} (next: ${next})`));
    }
    const warnings = findings.length - faults;
    input.terminal.note(`${read.objects.length} objects: ${faults} faults, ${warnings} warnings`);
  }
  return faults > 0 ? ExitCode.Fault : ExitCode.Good;
}

/** @param namespace of objects that name none */
export function lintFiles({ objects, faults }: ReadFiles, namespace: string): readonly LintFinding[] {
  const placed = objects.map((object) => placeObject(object, namespace));
  const unread = faults.map(({ file, line, message }): LintFinding => {
    return { severity: "fault", file, line, object: "document", message, next: "correct the YAML" };
  });
  const nothing: readonly LintFinding[] =
    objects.length + faults.length > 0
      ? []
      : [
          {
            severity: "fault",
            file: "-",
            line: 1,
            object: "document",
            message: "there is no object",
            next: "name other files",
          },
        ];
  return [...unread, ...nothing, ...placed.flatMap(checkObject), ...checkReferences(placed)];
}
