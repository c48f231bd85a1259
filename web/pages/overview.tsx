/** All applications, worst first. */
import type { JSX } from "preact";
import { serverNow, useClock, useView } from "../api.ts";
import { formatDuration, formatNumber } from "../format.ts";
import { Days, DaysLegend } from "../parts/days.tsx";
import { Live, Title } from "../parts/frame.tsx";
import { LastProven } from "../parts/proof.tsx";
import { Name, Pages, State, Time } from "../parts/words.tsx";
import { formatRoute, goTo } from "../route.ts";
import type { OverviewRow, OverviewView } from "../wire/application.ts";
import type { PageProps } from "./props.ts";

export function Overview({ params }: PageProps): JSX.Element {
  const watched = useView<OverviewView>("overview", params);
  const now = useClock();
  return (
    <>
      <Title title="Overview" />
      <Live watched={watched}>
        {(seen) => {
          const { view } = seen;
          return (
            <>
              <ul class="counts" aria-label="How many applications are in each state">
                {view.counts.map(({ state, count }) => (
                  <li key={state}>
                    <State value={state} /> {formatNumber(count)}
                  </li>
                ))}
              </ul>
              <search>
                <form onSubmit={(event) => event.preventDefault()}>
                  <label>
                    Find by name{" "}
                    <input
                      type="search"
                      value={params["find"] ?? ""}
                      onChange={({ currentTarget }) => goTo(formatRoute("overview", { find: currentTarget.value }))}
                    />
                  </label>
                </form>
              </search>
              {view.total === 0 && !seen.isLoading && <p>{emptyText(params["find"], seen.notices.length > 0)}</p>}
              <ul class="cards">
                {view.rows.map((row) => (
                  <Row key={`${row.kind}/${row.namespace}/${row.name}`} row={row} nowMs={serverNow(seen, now)} />
                ))}
              </ul>
              <Pages page="overview" params={params} paged={view} what="applications" />
              <DaysLegend />
              <p class="muted">
                A day is known as far back as sessions are kept (backupHistoryLimit), the status of Repositories tells,
                and a Prometheus that --prometheus names.
              </p>
            </>
          );
        }}
      </Live>
    </>
  );
}

function emptyText(find: string | undefined, isPartial: boolean): string {
  if (find) return "No application has this in its name.";
  return isPartial
    ? "No application can be seen; see above why."
    : "There is no BackupBatch and no BackupConfiguration here.";
}

function Row({ row, nowMs }: { readonly row: OverviewRow; readonly nowMs: number }): JSX.Element {
  const { kind, namespace, name, state, point, periodMs, lastRun, nextRun, message, next, days, proven } = row;
  return (
    <li class="card">
      <h2>
        <a href={formatRoute("application", { kind, namespace, name })}>
          <Name>{`${namespace}/${name}`}</Name>
        </a>
      </h2>
      <State value={state} />
      <dl>
        <dt>Newest complete point</dt>
        <dd>
          {point === undefined ? "none" : <Time value={point.time} nowMs={nowMs} />}
          {periodMs !== undefined && `, runs every ${formatDuration(periodMs)}`}
        </dd>
        <dt>Last run</dt>
        <dd>{lastRun === undefined ? "none is kept" : [lastRun.phase, lastRun.code].filter(Boolean).join(" ")}</dd>
        {proven !== undefined && (
          <>
            <dt>Last proven</dt>
            <dd>
              <LastProven proven={proven} nowMs={nowMs} />
            </dd>
          </>
        )}
        <dt>Next run</dt>
        <dd>{nextRun === undefined ? "none" : <Time value={nextRun} nowMs={nowMs} isDue />}</dd>
      </dl>
      <Days days={days} />
      {message !== undefined && (
        <div class="why">
          <p>
            <Name>{message}</Name>
          </p>
          {next !== undefined && <p>Next: {next}</p>}
        </div>
      )}
    </li>
  );
}
