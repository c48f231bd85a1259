/** What is due in the next seven days. */
import type { JSX } from "preact";
import { useView } from "../api.ts";
import { formatTime, formatTimeIn } from "../format.ts";
import { Live, Title } from "../parts/frame.tsx";
import { Name, Pages, Scroll } from "../parts/words.tsx";
import { formatRoute } from "../route.ts";
import type { CalendarRun, CalendarView } from "../wire/lists.ts";
import type { PageProps } from "./props.ts";

export function Calendar({ params }: PageProps): JSX.Element {
  const watched = useView<CalendarView>("calendar", params);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <Title title="Calendar" />
      <Live watched={watched}>
        {({ view, isLoading }) => (
          <>
            <p>
              From {formatTime(view.from)} to {formatTime(view.until)}, in your zone {zone} and in that of each
              schedule.
            </p>
            {view.runs.total === 0 && !isLoading && <p>No run that can be seen is due in this time.</p>}
            {view.runs.total > 0 && <RunTable rows={view.runs.rows} />}
            <Pages page="calendar" params={params} paged={view.runs} what="runs" />
            {view.others.total > 0 && <h2>Not by the clock alone</h2>}
            <ul>
              {view.others.rows.map(({ kind, namespace, name, why }) => (
                <li key={`${kind}/${namespace}/${name} ${why}`}>
                  <a href={formatRoute("application", { kind, namespace, name })}>
                    <Name>{`${namespace}/${name}`}</Name>
                  </a>
                  : <Name>{why}</Name>
                </li>
              ))}
            </ul>
            <Pages page="calendar" params={params} paged={view.others} what="applications" param="others" />
          </>
        )}
      </Live>
    </>
  );
}

function RunTable({ rows }: { readonly rows: readonly CalendarRun[] }): JSX.Element {
  return (
    <Scroll label="Runs that are due">
      <table>
        <thead>
          <tr>
            <th scope="col">Your time</th>
            <th scope="col">The schedule's time</th>
            <th scope="col">Application</th>
            <th scope="col">Repository</th>
            <th scope="col">At the same minute on this Repository</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ kind, namespace, name, time, zone, repository, overlaps }) => (
            <tr key={`${kind}/${namespace}/${name} ${time}`}>
              <td>{formatTime(time)}</td>
              <td>
                {formatTimeIn(time, zone)} {zone}
              </td>
              <th scope="row">
                <a href={formatRoute("application", { kind, namespace, name })}>
                  <Name>{`${namespace}/${name}`}</Name>
                </a>
              </th>
              <td>{repository === undefined ? "none" : <Name>{repository}</Name>}</td>
              <td>{overlaps.length === 0 ? "nobody" : <Name>{overlaps.join(", ")}</Name>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
