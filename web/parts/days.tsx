/** What became of the last days: a sign for each, with words. */
import type { JSX } from "preact";
import { formatCount, formatDate } from "../format.ts";
import type { Day, DayState } from "../wire/application.ts";

const SIGNS: Readonly<Record<DayState, readonly [string, string]>> = {
  Complete: ["●", "complete"],
  Incomplete: ["◐", "incomplete"],
  Missed: ["✕", "missed"],
  Running: ["▸", "running"],
  None: ["–", "nothing was due"],
  Unknown: ["?", "not known"],
};

function describeDay({ date, state, complete, runs }: Day): string {
  const [, word] = SIGNS[state];
  const count = runs > 0 ? `, ${complete} of ${formatCount(runs, "run")} complete` : "";
  return `${formatDate(date)}: ${word}${count}`;
}

export function Days({ days }: { readonly days: readonly Day[] }): JSX.Element {
  return (
    <ol class="days" aria-label="Last days, the oldest first">
      {days.map((day) => (
        <li key={day.date} class={`day ${day.state}`} title={describeDay(day)}>
          <span aria-hidden="true">{SIGNS[day.state][0]}</span>
          <span class="hidden">{describeDay(day)}</span>
        </li>
      ))}
    </ol>
  );
}

export function DaysLegend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Signs of the days">
      {Object.entries(SIGNS).map(([state, [sign, word]]) => (
        <li key={state}>
          <span class={`day ${state}`} aria-hidden="true">
            {sign}
          </span>{" "}
          {word}
        </li>
      ))}
    </ul>
  );
}
