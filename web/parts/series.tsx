/** A figure over time: a line with its points, and the same as a table. */
import type { JSX } from "preact";
import { formatNumber, formatTime } from "../format.ts";
import { Folded, Name, Scroll } from "./words.tsx";

const WIDTH = 600;
const HEIGHT = 100;
const EDGE = 6;
/** More are not told apart; the table has all. */
const MOST_DOTS = 200;

export interface SeriesRow {
  readonly time: string;
  readonly value: number;
  /** What it is of. */
  readonly what?: string | undefined;
}

interface SeriesProps {
  readonly title: string;
  /** Oldest first. */
  readonly rows: readonly SeriesRow[];
  readonly format: (value: number) => string;
  /** Heading of the values. */
  readonly heading: string;
  /** What is not to be passed, with its name. */
  readonly limit?: { readonly value: number; readonly label: string } | undefined;
}

/** Nothing where there is nothing. */
export function Series({ title, rows, format, heading, limit }: SeriesProps): JSX.Element | null {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return null;
  const most = Math.max(...rows.map(({ value }) => value));
  const top = Math.max(1, most, limit?.value ?? 0);
  const [fromMs, untilMs] = [Date.parse(first.time), Date.parse(last.time)];
  const spanMs = Math.max(1, untilMs - fromMs);
  const x = ({ time }: SeriesRow) =>
    rows.length === 1 ? WIDTH / 2 : EDGE + ((Date.parse(time) - fromMs) / spanMs) * (WIDTH - 2 * EDGE);
  const y = (value: number) => HEIGHT - EDGE - (value / top) * (HEIGHT - 2 * EDGE);
  const limitText = limit === undefined ? "" : `, ${limit.label} ${format(limit.value)}`;
  const range = `the last ${format(last.value)}, at most ${format(most)}${limitText}`;
  const label = `${title}, ${formatTime(first.time)} to ${formatTime(last.time)}: ${range}; the table below has the numbers`;
  const dots = rows.length > MOST_DOTS ? [] : rows;
  return (
    <>
      <svg class="series" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {limit !== undefined && <line class="limit" x1={0} x2={WIDTH} y1={y(limit.value)} y2={y(limit.value)} />}
        <polyline points={rows.map((row) => `${x(row).toFixed(1)},${y(row.value).toFixed(1)}`).join(" ")} />
        {dots.map((row) => (
          <circle key={`${row.time} ${row.what}`} cx={x(row)} cy={y(row.value)} r={3}>
            <title>{`${formatTime(row.time)}: ${format(row.value)}`}</title>
          </circle>
        ))}
      </svg>
      <p class="muted">
        {formatTime(first.time)} to {formatTime(last.time)}: {range}.
      </p>
      <Folded summary={`${title} (${formatNumber(rows.length)})`}>
        {() => (
          <Scroll label={title}>
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">{heading}</th>
                  {rows.some(({ what }) => what !== undefined) && <th scope="col">Of</th>}
                </tr>
              </thead>
              <tbody>
                {[...rows].reverse().map(({ time, value, what }) => (
                  <tr key={`${time} ${what}`}>
                    <th scope="row">{formatTime(time)}</th>
                    <td>{format(value)}</td>
                    {what !== undefined && (
                      <td>
                        <Name>{what}</Name>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Folded>
    </>
  );
}
