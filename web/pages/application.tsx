/** One application: its runs, and one of them on a time axis, as it goes. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask, serverNow, useClock, useView } from "../api.ts";
import { formatDuration, formatTime } from "../format.ts";
import { Days } from "../parts/days.tsx";
import { Live, Title } from "../parts/frame.tsx";
import { LackingNote, useRights } from "../parts/lacking.tsx";
import { LastProven, RecoveryTimes } from "../parts/proof.tsx";
import { FailureBox, Name, Pages, Scroll, State, Time } from "../parts/words.tsx";
import { formatRoute, goTo, type Params } from "../route.ts";
import type { Started } from "../wire/asked.ts";
import type { ApplicationView } from "../wire/run.ts";
import type { PageProps } from "./props.ts";
import { RunDetails } from "./run-details.tsx";

export function Application({ params, allowsActions }: PageProps): JSX.Element {
  const { namespace = "", name = "", kind = "" } = params;
  const asked = Object.fromEntries(Object.entries(params).filter(([key]) => key !== "member"));
  const watched = useView<ApplicationView>("application", asked);
  const run = watched.seen?.view.run;
  const now = useClock();
  return (
    <>
      <Title title={`${namespace}/${name}`}>
        <Name>{`${namespace}/${name}`}</Name>
      </Title>
      <Live watched={watched}>
        {(seen) => {
          const { application, runs, recoveries } = seen.view;
          const nowMs = serverNow(seen, now);
          if (application === undefined) {
            return seen.isLoading ? null : (
              <p>
                There is no {kind} <Name>{`${namespace}/${name}`}</Name> that can be seen.
              </p>
            );
          }
          return (
            <>
              <p class="head">
                <State value={application.state} />{" "}
                <a href={formatRoute("points", { kind, namespace, name })}>Recovery points, and Restore…</a>
              </p>
              {application.message !== undefined && (
                <p class="why">
                  <Name>{application.message}</Name>
                  {application.next !== undefined && <> Next: {application.next}</>}
                </p>
              )}
              <Facts application={application} nowMs={nowMs} />
              <Days days={application.days} />
              {allowsActions && <BackUpNow params={params} />}
              <h2>Runs</h2>
              <RunTable runs={runs} params={params} chosen={run} nowMs={nowMs} />
              {run === undefined ? (
                <p>{params["run"] === undefined ? "No run is kept." : "This run can't be seen here any more."}</p>
              ) : (
                <RunDetails run={run} params={params} nowMs={nowMs} />
              )}
              {recoveries !== undefined && <RecoveryTimes recoveries={recoveries} />}
            </>
          );
        }}
      </Live>
    </>
  );
}

type Facts = NonNullable<ApplicationView["application"]>;

function Facts({ application, nowMs }: { readonly application: Facts; readonly nowMs: number }): JSX.Element {
  const { kind, point, periodMs, schedule, zone, isPaused, nextRun, repository, members, proven } = application;
  return (
    <dl>
      <dt>Kind</dt>
      <dd>{kind}</dd>
      <dt>Newest complete point</dt>
      <dd>{point === undefined ? "none" : <Time value={point.time} nowMs={nowMs} />}</dd>
      <dt>Last proven</dt>
      <dd>
        <LastProven proven={proven} nowMs={nowMs} />
      </dd>
      <dt>Schedule</dt>
      <dd>
        {schedule === undefined ? "none" : <code>{schedule}</code>}
        {schedule !== undefined && ` in ${zone || "UTC"}`}
        {periodMs !== undefined && `, every ${formatDuration(periodMs)}`}
        {isPaused && ", paused"}
      </dd>
      <dt>Next run</dt>
      <dd>{nextRun === undefined ? "none" : <Time value={nextRun} nowMs={nowMs} isDue />}</dd>
      <dt>Repository</dt>
      <dd>{repository === undefined ? "none" : <Name>{repository}</Name>}</dd>
      <dt>Members</dt>
      <dd>
        {members.length === 0
          ? "none"
          : members.map((member, at) => (
              <span key={member}>
                {at > 0 && ", "}
                <Name>{member}</Name>
              </span>
            ))}
      </dd>
    </dl>
  );
}

function BackUpNow({ params }: { readonly params: Params }): JSX.Element {
  const { kind = "", namespace = "", name = "" } = params;
  const [isAsking, setIsAsking] = useState(false);
  const [trouble, setTrouble] = useState<{ readonly message: string; readonly next: string }>();
  const { trigger } = useRights(namespace);
  const start = async () => {
    setIsAsking(true);
    setTrouble(undefined);
    const answer = await ask<Started>("act/trigger", { kind, namespace, name });
    setIsAsking(false);
    if (answer.kind === "bad") setTrouble(answer);
    else goTo(formatRoute("application", { kind, namespace, name, run: `${answer.value.kind}/${answer.value.name}` }));
  };
  return (
    <div>
      <button
        type="button"
        disabled={isAsking || trigger !== undefined}
        aria-describedby="trigger-lacks"
        onClick={() => void start()}
      >
        Back up now
      </button>
      <LackingNote id="trigger-lacks" lacking={trigger} />
      <div role="alert">{trouble !== undefined && <FailureBox failure={trouble} />}</div>
    </div>
  );
}

interface RunTableProps {
  readonly runs: ApplicationView["runs"];
  readonly params: Params;
  readonly chosen: { readonly kind: string; readonly name: string } | undefined;
  readonly nowMs: number;
}

function RunTable({ runs, params, chosen, nowMs }: RunTableProps): JSX.Element {
  const { kind = "", namespace = "", name = "", page } = params;
  return (
    <>
      <Scroll label="Runs">
        <table>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              <th scope="col">When</th>
              <th scope="col">Took</th>
              <th scope="col">By</th>
            </tr>
          </thead>
          <tbody>
            {runs.rows.map((run) => {
              const id = `${run.kind}/${run.name}`;
              const isChosen = chosen?.kind === run.kind && chosen.name === run.name;
              return (
                <tr key={id} class={isChosen ? "chosen" : ""}>
                  <th scope="row">
                    <a
                      href={formatRoute("application", { kind, namespace, name, page, run: id })}
                      aria-current={isChosen ? "true" : undefined}
                    >
                      <Name>{run.name}</Name>
                    </a>
                  </th>
                  <td>
                    <State value={run.phase} /> {run.code}
                  </td>
                  <td title={formatTime(run.time)}>
                    <Time value={run.time} nowMs={nowMs} />
                  </td>
                  <td>{run.duration ?? "-"}</td>
                  <td>{run.kind === "BackupSession" ? (run.trigger ?? "-") : run.kind}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <Pages page="application" params={params} paged={runs} what="runs" />
    </>
  );
}
