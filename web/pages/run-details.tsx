/** A session, a restore or a drill: lanes, and what there is to know of one member. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../answer.ts";
import { ask } from "../api.ts";
import { formatBytes, formatCount, formatTime } from "../format.ts";
import { LackingNote, useRights } from "../parts/lacking.tsx";
import { describeProgress, Lanes } from "../parts/lanes.tsx";
import { DrillFacts, MemberFacts } from "../parts/proof.tsx";
import { FailureBox, Folded, Name, Output, Pages, Scroll, State, Time } from "../parts/words.tsx";
import { formatRoute, type Params } from "../route.ts";
import type { LogOrder, LogView } from "../wire/asked.ts";
import type { Hook, Host, Lane, Run } from "../wire/run.ts";

interface RunProps {
  readonly run: Run;
  readonly params: Params;
  readonly nowMs: number;
}

export function RunDetails({ run, params, nowMs }: RunProps): JSX.Element {
  const chosen = params["member"] ?? (run.lanes.length === 1 ? run.lanes[0]?.name : undefined);
  const lane = run.lanes.find(({ name }) => name === chosen);
  const linkTo = (member: string) => formatRoute("application", { ...params, hosts: undefined, member });
  const { member: _, hosts: __, ...ofAll } = params;
  return (
    <section aria-labelledby="run">
      <h2 id="run">
        {run.kind} <Name>{run.name}</Name>
      </h2>
      <p role="status">
        <State value={run.phase} /> {run.duration !== undefined && `in ${run.duration}`}
      </p>
      {run.message !== undefined && (
        <p>
          <Name>{run.message}</Name>
        </p>
      )}
      {run.failure !== undefined && <FailureBox failure={run.failure} />}
      <dl>
        <dt>Began</dt>
        <dd>{formatTime(run.startedAt)}</dd>
        {run.endedAt !== undefined && (
          <>
            <dt>Ended</dt>
            <dd>{formatTime(run.endedAt)}</dd>
          </>
        )}
        {!run.hasEnded && run.deadline !== undefined && (
          <>
            <dt>Must end</dt>
            <dd>
              <Time value={run.deadline} nowMs={nowMs} isDue />
            </dd>
          </>
        )}
        {run.point !== undefined && (
          <>
            <dt>Recovery point</dt>
            <dd>
              <Name>{run.point}</Name>
            </dd>
          </>
        )}
      </dl>
      {run.drill !== undefined && <DrillFacts drill={run.drill} />}
      <Lanes run={run} nowMs={nowMs} chosen={lane?.name} linkTo={linkTo} />
      <Pages page="application" params={ofAll} paged={run.lanePages} what="members" param="members" />
      {lane === undefined ? (
        run.lanes.length > 0 && <p class="muted">Choose a member to see its hosts, snapshots and hooks.</p>
      ) : (
        <LaneDetails lane={lane} kind={run.kind} params={{ ...params, member: lane.name }} />
      )}
      {run.hooks.length > 0 && <Hooks title="Hooks of the whole" hooks={run.hooks} />}
      <Folded summary={`Conditions (${run.conditions.length})`}>
        {() => (
          <Scroll label="Conditions">
            <table>
              <thead>
                <tr>
                  <th scope="col">Condition</th>
                  <th scope="col">Is</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {run.conditions.map(({ type, status, reason, message }) => (
                  <tr key={type}>
                    <th scope="row">{type}</th>
                    <td>{status}</td>
                    <td>
                      {reason} <Name>{message ?? ""}</Name>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Folded>
    </section>
  );
}

interface LaneProps {
  readonly lane: Lane;
  /** Of the run. */
  readonly kind: string;
  readonly params: Params;
}

function LaneDetails({ lane, kind, params }: LaneProps): JSX.Element {
  return (
    <section aria-labelledby="member">
      <h3 id="member">
        Member <Name>{lane.name}</Name>
      </h3>
      {lane.failure !== undefined && <FailureBox failure={lane.failure} />}
      {lane.proof !== undefined && <MemberFacts proof={lane.proof} />}
      {lane.hosts.length === 0 && lane.proof === undefined && <p class="muted">No host has begun.</p>}
      {lane.hosts.map((host) => (
        <HostDetails key={host.name} host={host} kind={kind} namespace={params["namespace"] ?? ""} />
      ))}
      <Pages page="application" params={params} paged={lane.hostPages} what="hosts" param="hosts" />
      {lane.unlistedHosts > 0 && (
        <p class="muted">
          {formatCount(lane.unlistedHosts, "host")} more: the status counts them and does not list them, since there are
          so many.
        </p>
      )}
      {lane.hooks.length > 0 && <Hooks title="Hooks" hooks={lane.hooks} />}
    </section>
  );
}

interface HostProps {
  readonly host: Host;
  readonly kind: string;
  readonly namespace: string;
}

function HostDetails({ host, kind, namespace }: HostProps): JSX.Element {
  const { name, phase, pod, podUid, node, attempt, failure, warnings, unreadableFiles, progress, snapshots } = host;
  const place = [
    pod && `pod ${pod}`,
    node && `node ${node}`,
    attempt !== undefined && attempt > 1 && `attempt ${attempt}`,
  ];
  return (
    <article class="host" aria-label={`Host ${name}`}>
      <p>
        Host <Name>{name}</Name> <State value={phase} />{" "}
        <span class="muted">
          <Name>{place.filter(Boolean).join(", ")}</Name>
        </span>
      </p>
      {progress !== undefined && <p>{describeProgress(progress)}</p>}
      {failure !== undefined && <FailureBox failure={failure} />}
      {unreadableFiles !== undefined && unreadableFiles > 0 && (
        <p class="box warn">{formatCount(unreadableFiles, "file")} could not be read and are not saved.</p>
      )}
      {warnings.map((warning) => (
        <p key={warning} class="box warn">
          <Name>{warning}</Name>
        </p>
      ))}
      {snapshots.length > 0 && (
        <ul>
          {snapshots.map(({ id, path, sizeBytes, addedBytes }) => (
            <li key={`${id} ${path}`}>
              <code>{id.slice(0, 8)}</code> <Name>{path}</Name>, {formatBytes(sizeBytes)}
              {addedBytes !== undefined && `, added ${formatBytes(addedBytes)}`}
            </li>
          ))}
        </ul>
      )}
      {pod !== undefined && podUid !== undefined && (
        // Of fifty hosts nobody asks what he may until he looks.
        <Folded summary="Log of its pod">{() => <LogTail order={{ kind, namespace, pod, podUid }} />}</Folded>
      )}
    </article>
  );
}

function Hooks({ title, hooks }: { readonly title: string; readonly hooks: readonly Hook[] }): JSX.Element {
  return (
    <>
      <h4>{title}</h4>
      <ul>
        {hooks.map(({ type, host, phase, startedAt, message, output }) => (
          <li key={`${type} ${host} ${startedAt}`}>
            {type} {host !== undefined && <Name>{host}</Name>} <State value={phase} /> <Name>{message ?? ""}</Name>
            {output !== undefined && output !== "" && <Output>{output}</Output>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Read when somebody wants it. */
function LogTail({ order }: { readonly order: LogOrder }): JSX.Element {
  const [answer, setAnswer] = useState<Answer<LogView>>();
  const { log } = useRights(order.namespace);
  const id = `log-lacks-${order.podUid}`;
  const read = async () => setAnswer(await ask<LogView>("ask/log", order));
  return (
    <>
      <button type="button" disabled={log !== undefined} aria-describedby={id} onClick={() => void read()}>
        Read the last lines
      </button>
      <LackingNote id={id} lacking={log} />
      <div role="status">
        {answer?.kind === "good" && answer.value.containers.length === 0 && <p>It has not logged yet.</p>}
      </div>
      {answer?.kind === "bad" && <FailureBox failure={answer} />}
      {answer?.kind === "good" &&
        answer.value.containers.map(({ container, text }) => (
          <Scroll key={container} label={`Log of ${container}`}>
            <p>
              <Name>{container}</Name>, at most {formatCount(answer.value.lines, "line")}
            </p>
            <Output>{text}</Output>
          </Scroll>
        ))}
    </>
  );
}
