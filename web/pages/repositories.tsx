/** Where data is saved, whether it is whole, and how it grew. */
import type { JSX } from "preact";
import { serverNow, useClock, useView } from "../api.ts";
import { formatBytes, formatNumber, formatTime } from "../format.ts";
import { Live, Title } from "../parts/frame.tsx";
import { Locks } from "../parts/locks.tsx";
import { Series } from "../parts/series.tsx";
import { Folded, Name, Pages, Scroll, State, Time } from "../parts/words.tsx";
import type { RepositoriesView, RepositoryRow } from "../wire/lists.ts";
import type { PageProps } from "./props.ts";

export function Repositories({ params }: PageProps): JSX.Element {
  const watched = useView<RepositoriesView>("repositories", params);
  const now = useClock();
  return (
    <>
      <Title title="Repositories" />
      <Live watched={watched}>
        {(seen) => (
          <>
            {seen.view.total === 0 && !seen.isLoading && <p>No Repository can be seen here.</p>}
            <ul class="cards">
              {seen.view.rows.map((row) => (
                <Row key={`${row.namespace}/${row.name}`} row={row} nowMs={serverNow(seen, now)} />
              ))}
            </ul>
            <Pages page="repositories" params={params} paged={seen.view} what="repositories" />
          </>
        )}
      </Live>
    </>
  );
}

function Row({ row, nowMs }: { readonly row: RepositoryRow; readonly nowMs: number }): JSX.Element {
  const { integrity, lastCheck, users, history } = row;
  return (
    <li class="card">
      <h2>
        <Name>{`${row.namespace}/${row.name}`}</Name>
      </h2>
      <Integrity value={integrity} />
      <dl>
        <dt>Where</dt>
        <dd>
          <Name>{row.backend}</Name>
        </dd>
        <dt>Size</dt>
        <dd>{row.totalSize ?? "not known"}</dd>
        <dt>Snapshots</dt>
        <dd>{formatNumber(row.snapshots)}</dd>
        <dt>Complete points</dt>
        <dd>{formatNumber(row.points)}</dd>
        <dt>Last backup</dt>
        <dd>
          <Time value={row.lastBackup} nowMs={nowMs} />
        </dd>
        <dt>Last check</dt>
        <dd>{lastCheck === undefined ? "never" : <Time value={lastCheck} nowMs={nowMs} />}</dd>
        <dt>Data last read</dt>
        <dd>{row.lastDataCheck === undefined ? "never" : <Time value={row.lastDataCheck} nowMs={nowMs} />}</dd>
        <dt>Last prune</dt>
        <dd>{row.lastPrune === undefined ? "never" : <Time value={row.lastPrune} nowMs={nowMs} />}</dd>
        <dt>Used by</dt>
        <dd>{users.length === 0 ? "nobody that its status names" : <Name>{users.join(", ")}</Name>}</dd>
      </dl>
      {row.sizes !== undefined && (
        <Series
          title={`Size of ${row.name} over time`}
          heading="Size"
          rows={row.sizes.map(({ time, bytes }) => ({ time, value: bytes }))}
          format={formatBytes}
        />
      )}
      {history.length > 0 && <History history={history} />}
      {row.maintenance !== undefined && <Maintenance run={row.maintenance} nowMs={nowMs} />}
      <Locks row={row} nowMs={nowMs} />
    </li>
  );
}

const ACTIONS: Readonly<Record<string, string>> = {
  VerifyRepositoryIntegrity: "check of the structure",
  VerifyRepositoryData: "check of data",
  PruneRepository: "prune",
};

function Maintenance({
  run,
  nowMs,
}: {
  readonly run: NonNullable<RepositoryRow["maintenance"]>;
  readonly nowMs: number;
}): JSX.Element {
  const { phase, startedAt, finishedAt, actions, code, message } = run;
  return (
    <p>
      Maintenance <State value={phase} /> {actions.map((action) => ACTIONS[action] ?? action).join(", ")}{" "}
      <Time value={finishedAt ?? startedAt} nowMs={nowMs} /> {code !== undefined && <strong>{code}</strong>}{" "}
      {message !== undefined && <Name>{message}</Name>}
    </p>
  );
}

/** Unknown is not the same as whole. */
function Integrity({ value }: { readonly value: boolean | undefined }): JSX.Element {
  if (value === false) return <State value="Damaged" />;
  if (value === undefined) return <span class="state warn">? Not checked</span>;
  return <span class="state good">✓ Last check found no fault</span>;
}

const WIDTH = 600;
const HEIGHT = 80;
/** More are not told apart; the table has all. */
const MOST_BARS = 60;

/** What each session that is kept read, and what it added: a picture, and the same as a table. */
function History({ history }: Pick<RepositoryRow, "history">): JSX.Element {
  const shown = history.slice(-MOST_BARS);
  const most = Math.max(1, ...shown.map(({ sizeBytes, addedBytes }) => Math.max(sizeBytes, addedBytes ?? 0)));
  const width = Math.min(40, WIDTH / shown.length);
  const heightOf = (bytes: number) => Math.max(1, (bytes / most) * HEIGHT);
  const label = `Data of the last ${shown.length} sessions that are kept, at most ${formatBytes(most)}, and what each added; the table below has the numbers`;
  return (
    <>
      <svg class="history" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {shown.map(({ session, sizeBytes, addedBytes }, at) => (
          <g key={session}>
            <rect
              class="size"
              x={at * width + 1}
              width={width - 2}
              y={HEIGHT - heightOf(sizeBytes)}
              height={heightOf(sizeBytes)}
            />
            {addedBytes !== undefined && (
              <rect
                class="added"
                x={at * width + width / 4}
                width={width / 2}
                y={HEIGHT - heightOf(addedBytes)}
                height={heightOf(addedBytes)}
              />
            )}
          </g>
        ))}
      </svg>
      <Folded summary={`Sessions that are kept (${formatNumber(history.length)})`}>
        {() => (
          <Scroll label="Sessions that are kept">
            <table>
              <thead>
                <tr>
                  <th scope="col">Session</th>
                  <th scope="col">When</th>
                  <th scope="col">Data</th>
                  <th scope="col">Added</th>
                </tr>
              </thead>
              <tbody>
                {[...history].reverse().map(({ session, time, sizeBytes, addedBytes }) => (
                  <tr key={session}>
                    <th scope="row">
                      <Name>{session}</Name>
                    </th>
                    <td>{formatTime(time)}</td>
                    <td>{formatBytes(sizeBytes)}</td>
                    <td>{formatBytes(addedBytes)}</td>
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
