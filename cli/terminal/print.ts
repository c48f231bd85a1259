/** Prints what a command found in the format that was asked for. */
import { stringify } from "yaml";
import { assertNever } from "../../shared/errors.ts";
import { Format, type Input } from "../program/command.ts";
import { plainText } from "./plain-text.ts";
import { type Style, styled } from "./style.ts";
import { type Column, formatTable } from "./table.ts";

export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** The data of all rows. */
  readonly data: object;
  /** `backupbatch.stash.appscode.com/shop`. */
  readonly nameOf: (row: Row) => string;
  /** Colour of a row, where a person looks. */
  readonly styleOf?: (row: Row) => Style | undefined;
  /** What to say where there is nothing. */
  readonly nothing: string;
}

export function printListing<Row>(input: Pick<Input, "format" | "terminal">, listing: Listing<Row>): void {
  const { format, terminal } = input;
  switch (format) {
    case Format.Json:
    case Format.Yaml:
      printData(input, listing.data);
      break;
    case Format.Name:
      for (const row of listing.rows) terminal.print(listing.nameOf(row));
      break;
    case Format.Table:
    case Format.Wide: {
      if (listing.rows.length === 0) {
        terminal.note(listing.nothing);
        break;
      }
      const look = { isWide: format === Format.Wide, width: terminal.width };
      for (const [at, line] of formatTable(listing.rows, listing.columns, look).entries()) {
        const row = listing.rows[at - 1];
        const style = row === undefined ? "bold" : listing.styleOf?.(row);
        terminal.print(styled(terminal, style, plainText(line)));
      }
      break;
    }
    default:
      assertNever(format);
  }
}

export function isData(format: Format): boolean {
  return format === Format.Json || format === Format.Yaml;
}

/** Data for programs. */
export function printData({ format, terminal }: Pick<Input, "format" | "terminal">, data: object): void {
  terminal.print(format === Format.Yaml ? stringify(data, { lineWidth: 0 }).trimEnd() : JSON.stringify(data, null, 2));
}
