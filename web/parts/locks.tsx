/** Who holds a repository, as far as maintenance and runs tell. */
import type { JSX } from "preact";
import { formatTime } from "../format.ts";
import type { LockRow, RepositoryRow } from "../wire/lists.ts";
import { Name, Time } from "./words.tsx";

/** A time that is to come is that of a clock that goes ahead: it is told as it is. */
function describeLock({ host, user, pid, since, isExclusive }: LockRow): string {
  const who = host === undefined ? "somebody" : `${user === undefined ? "" : `${user}@`}${host}`;
  const process = pid === undefined ? "" : `, process ${pid}`;
  return `${who}${process}${isExclusive ? " holds it alone" : " shares it"}, since ${formatTime(since)}`;
}

export function Locks({ row, nowMs }: { readonly row: RepositoryRow; readonly nowMs: number }): JSX.Element {
  const { locks, locksSeenAt } = row;
  return (
    <>
      <h3>Locks</h3>
      {locks.length > 0 && (
        <ul aria-label={`Locks of ${row.namespace}/${row.name}`}>
          {locks.map((lock) => (
            <li key={lock.id}>
              <Name>{describeLock(lock)}</Name>
              {lock.owner !== undefined && (
                <>
                  . That is <Name>{lock.owner}</Name>
                </>
              )}
              {lock.inTheWayOf !== undefined && (
                <>
                  . <strong>In the way of</strong> <Name>{lock.inTheWayOf}</Name>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <p class="muted">
        {locksSeenAt === undefined ? (
          "Maintenance has not looked for locks yet; what runs at work meet is told here."
        ) : (
          <>
            {locks.some(({ inTheWayOf }) => inTheWayOf === undefined) ? "As" : "None, as"} maintenance saw them{" "}
            <Time value={locksSeenAt} nowMs={nowMs} />, and what runs at work meet.
          </>
        )}{" "}
        `kubectl stash unlock` removes those whose owner is gone.
      </p>
    </>
  );
}
