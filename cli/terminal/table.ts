/** Tables for terminals. Pure. */

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Only with -o wide. */
  readonly isWide?: boolean;
  /** Gives up its room first where the terminal is narrow. */
  readonly mayShrink?: boolean;
}

export interface TableLook {
  readonly isWide: boolean;
  /** Undefined: nothing is cut. */
  readonly width: number | undefined;
}

const GAP = 3;
const MIN_SHRUNK = 8;

/**
 * Lines of a table: a heading, and one line a row.
 *
 * @param look a terminal's width cuts the columns that may shrink, then the line
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  look: TableLook,
): readonly string[] {
  const shown = columns.filter(({ isWide }) => look.isWide || isWide !== true);
  const cells = rows.map((row) => shown.map(({ cell }) => cell(row).replace(/\s+/g, " ")));
  const all = [shown.map(({ heading }) => heading), ...cells];
  const widths = shown.map((_column, at) => Math.max(...all.map((line) => textWidth(line[at] ?? ""))));
  const fitted = look.width === undefined ? widths : shrink(widths, shown, look.width);
  return all.map((line) => {
    const parts = line.map((cell, at) => padEnd(cut(cell, fitted[at] ?? 0), fitted[at] ?? 0));
    const whole = parts.join(" ".repeat(GAP)).trimEnd();
    return look.width === undefined ? whole : cut(whole, look.width);
  });
}

function shrink<Row>(widths: readonly number[], columns: readonly Column<Row>[], width: number): readonly number[] {
  let over = widths.reduce((sum, one) => sum + one, 0) + GAP * Math.max(0, widths.length - 1) - width;
  return widths
    .toReversed()
    .map((one, fromEnd) => {
      const column = columns[columns.length - 1 - fromEnd];
      const least = Math.min(one, Math.max(MIN_SHRUNK, column?.heading.length ?? 0));
      if (over <= 0 || column?.mayShrink !== true) return one;
      const next = Math.max(least, one - over);
      over -= one - next;
      return next;
    })
    .toReversed();
}

/** Text of at most that many columns; what is cut off is told by a sign. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const signs = [...text];
  let kept = "";
  let used = 0;
  for (const sign of signs) {
    const next = textWidth(sign);
    if (used + next > width - 1) break;
    kept += sign;
    used += next;
  }
  return width <= 0 ? "" : `${kept}…`;
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Columns that a text takes: wide signs of East Asian scripts and pictures take two. */
function textWidth(text: string): number {
  let width = 0;
  for (const sign of text) width += WIDE_SIGN.test(sign) ? 2 : ZERO_SIGN.test(sign) ? 0 : 1;
  return width;
}

const WIDE_SIGN =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const ZERO_SIGN = /\p{Mn}|\p{Cf}/u;
