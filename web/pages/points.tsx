/** What applications can be taken back to, and the way there. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { serverNow, useClock, useView } from "../api.ts";
import { formatBytes, formatCount, formatTime } from "../format.ts";
import { Live, Title } from "../parts/frame.tsx";
import { ProofMark } from "../parts/proof.tsx";
import { Name, Pages, Scroll, Time } from "../parts/words.tsx";
import { formatRoute } from "../route.ts";
import type { PlanOrder } from "../wire/asked.ts";
import type { PointRow, PointsView } from "../wire/lists.ts";
import type { PageProps } from "./props.ts";
import { RestoreDialog } from "./restore-dialog.tsx";

const SOURCES: Readonly<Record<string, string>> = {
  BackupSession: "its session",
  Repository: "the Repository",
  Batch: "the batch",
};

export function Points({ params, allowsActions }: PageProps): JSX.Element {
  const watched = useView<PointsView>("points", params);
  const [order, setOrder] = useState<PlanOrder>();
  const now = useClock();
  const { namespace, name } = params;
  const title = name === undefined ? "Recovery points" : `Recovery points of ${namespace}/${name}`;
  return (
    <>
      <Title title={title}>
        {name === undefined ? (
          title
        ) : (
          <>
            Recovery points of <Name>{`${namespace}/${name}`}</Name>
          </>
        )}
      </Title>
      <Live watched={watched}>
        {(seen) => (
          <>
            {seen.view.total === 0 && !seen.isLoading && <p>No object of the cluster tells of a recovery point.</p>}
            {seen.view.total > 0 && (
              <PointTable rows={seen.view.rows} nowMs={serverNow(seen, now)} onRestore={setOrder} />
            )}
            <Pages page="points" params={params} paged={seen.view} what="recovery points" />
            <p class="muted">
              These are the points that sessions, batches and Repositories tell of. The repository may hold older ones:
              a RestoreBatch finds them by asOf. What keeps a point is what the last retention said; it goes by the
              rules as they are now.
            </p>
          </>
        )}
      </Live>
      {order !== undefined && (
        <RestoreDialog order={order} allowsActions={allowsActions} onClose={() => setOrder(undefined)} />
      )}
    </>
  );
}

interface TableProps {
  readonly rows: readonly PointRow[];
  readonly nowMs: number;
  readonly onRestore: (order: PlanOrder) => void;
}

function PointTable({ rows, nowMs, onRestore }: TableProps): JSX.Element {
  return (
    <Scroll label="Recovery points">
      <table>
        <thead>
          <tr>
            <th scope="col">Point</th>
            <th scope="col">When</th>
            <th scope="col">Complete</th>
            <th scope="col">Proof</th>
            <th scope="col">Size</th>
            <th scope="col">Added</th>
            <th scope="col">Members</th>
            <th scope="col">Kept by</th>
            <th scope="col">Told by</th>
            <th scope="col">
              <span class="hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={`${row.namespace}/${row.session} ${row.time}`} row={row} nowMs={nowMs} onRestore={onRestore} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ row, nowMs, onRestore }: Omit<TableProps, "rows"> & { readonly row: PointRow }): JSX.Element {
  const { session, namespace, time, application, cluster, isComplete, unreadableFiles = 0 } = row;
  const { sizeBytes, addedBytes, members, keptBy, goes, source } = row;
  return (
    <tr>
      <th scope="row">
        {application === undefined ? (
          <Name>{`${namespace}/${session}`}</Name>
        ) : (
          <a href={formatRoute("application", { ...application, run: `BackupSession/${session}` })}>
            <Name>{`${namespace}/${session}`}</Name>
          </a>
        )}
      </th>
      <td>
        <Time value={time} nowMs={nowMs} />
        <br />
        <span class="muted">{formatTime(time)}</span>
        {cluster !== undefined && (
          <>
            <br />
            of cluster <Name>{cluster}</Name>
          </>
        )}
      </td>
      <td>
        {isComplete ? "✓ yes" : "◐ no"}
        {unreadableFiles > 0 && `, ! ${formatCount(unreadableFiles, "file")} not read`}
      </td>
      <td>
        <ProofMark proof={row.proof} application={application} nowMs={nowMs} />
      </td>
      <td>{formatBytes(sizeBytes)}</td>
      <td>{formatBytes(addedBytes)}</td>
      <td>
        {members === undefined
          ? "not known"
          : members.map(({ name, isSaved }, at) => (
              <span key={name}>
                {at > 0 && ", "}
                <Name>{name}</Name>
                {!isSaved && " (not saved)"}
              </span>
            ))}
      </td>
      <td>
        {keptBy === undefined ? "no retention yet" : keptBy.length === 0 ? "nothing" : keptBy.join(", ")}
        {goes !== undefined && (
          <>
            <br />
            <span class="muted">{goes}</span>
          </>
        )}
      </td>
      <td>{SOURCES[source] ?? source}</td>
      <td>
        {application === undefined ? (
          <span class="muted">its batch is not known</span>
        ) : (
          <button
            type="button"
            aria-label={`Restore to ${session}…`}
            onClick={() => onRestore({ ...application, session })}
          >
            Restore…
          </button>
        )}
      </td>
    </tr>
  );
}
