/** What drills say: of a recovery point, of an application, of a member that was restored. */
import type { JSX } from "preact";
import { formatBytes, formatCount, formatDuration, formatNumber } from "../format.ts";
import { formatRoute } from "../route.ts";
import type { ApplicationHealth, ApplicationName } from "../wire/application.ts";
import type { PointProof } from "../wire/lists.ts";
import type { Drill, MemberProof, Recoveries } from "../wire/run.ts";
import { Series } from "./series.tsx";
import { Folded, Name, Output, Scroll, State, Time } from "./words.tsx";

const LABELS: Readonly<Record<PointProof["state"], string>> = {
  Proven: "Proven",
  Failed: "Drill failed",
  Running: "Drill at work",
  None: "Not proven yet",
  Unknown: "Not known",
};

const formatSeconds = (seconds: number) => formatDuration(seconds * 1_000);

interface ProofMarkProps {
  readonly proof: PointProof;
  readonly application: ApplicationName | undefined;
  readonly nowMs: number;
}

export function ProofMark({ proof, application, nowMs }: ProofMarkProps): JSX.Element {
  const { state, by, isKept, time, recoverySeconds, code, message, summary, before } = proof;
  // How long it took stands above.
  const told = (summary ?? message ?? "").replace(/^restored in [\d:]+(, )?/, "");
  return (
    <>
      <State value={LABELS[state]} /> {code !== undefined && <strong>{code}</strong>}
      {recoverySeconds !== undefined && <div>restored in {formatSeconds(recoverySeconds)}</div>}
      {time !== undefined && (
        <div class="muted">
          <Time value={time} nowMs={nowMs} />
        </div>
      )}
      {told !== "" && (
        <div class="muted">
          <Name>{told}</Name>
        </div>
      )}
      {by !== undefined && application !== undefined && isKept === true && (
        <div>
          <a href={formatRoute("application", { ...application, run: `BackupVerificationSession/${by}` })}>
            <Name>{by}</Name>
          </a>
        </div>
      )}
      {before !== undefined && (
        <div class="muted">
          proven before, <Time value={before.time} nowMs={nowMs} />
        </div>
      )}
    </>
  );
}

/** When an application was last proven, and in which time. */
export function LastProven({ proven, nowMs }: Pick<ApplicationHealth, "proven"> & { readonly nowMs: number }) {
  if (proven === undefined) return <>never</>;
  return (
    <>
      <Time value={proven.time} nowMs={nowMs} />
      {proven.recoverySeconds !== undefined && `, restored in ${formatSeconds(proven.recoverySeconds)}`}
    </>
  );
}

export function RecoveryTimes({ recoveries }: { readonly recoveries: Recoveries }): JSX.Element {
  const { rows, limitSeconds, isVerified } = recoveries;
  return (
    <>
      <h2>Recovery time</h2>
      {rows.length === 0 && (
        <p class="muted">
          {isVerified
            ? "No drill that is kept has proven a point yet."
            : "Not known: no BackupVerifier restores its points. docs/proof.md tells how to make one."}
        </p>
      )}
      <Series
        title="Recoveries as measured by drills"
        heading="Restored in"
        rows={rows.map(({ time, seconds, drill }) => ({ time, value: seconds, what: drill ?? "told by Prometheus" }))}
        format={formatSeconds}
        limit={limitSeconds === undefined ? undefined : { value: limitSeconds, label: "the verifier allows" }}
      />
    </>
  );
}

/** What a drill says of the whole. */
export function DrillFacts({ drill }: { readonly drill: Drill }): JSX.Element {
  const { verifier, step, pointAgeSeconds, recoverySeconds, limitSeconds, checks, script, isSigned } = drill;
  return (
    <>
      <dl>
        <dt>Verifier</dt>
        <dd>
          <Name>{verifier}</Name>
        </dd>
        <dt>Step</dt>
        <dd>{step ?? "not begun"}</dd>
        <dt>Age of the point</dt>
        <dd>
          {pointAgeSeconds === undefined ? "not known" : `${formatSeconds(pointAgeSeconds)} when the drill began`}
        </dd>
        <dt>Recovery time</dt>
        <dd>
          {recoverySeconds === undefined ? "not measured" : formatSeconds(recoverySeconds)}
          {limitSeconds !== undefined && `, of ${formatSeconds(limitSeconds)} that the verifier allows`}
        </dd>
        <dt>Evidence</dt>
        <dd>{isSigned ? "signed by the installation; see `kubectl stash proof`" : "not signed"}</dd>
      </dl>
      {checks.length > 0 && (
        <ul aria-label="What was looked at" class="findings">
          {checks.map(({ name, isGood, message }) => (
            <li key={name}>
              <State value={isGood ? "Ok" : "Failed"} /> <Name>{name}</Name> <Name>{message ?? ""}</Name>
            </li>
          ))}
        </ul>
      )}
      {script !== undefined && (
        <>
          <p>
            Script{" "}
            {script.exitCode === undefined ? "has not ended" : `ended with exit code ${formatNumber(script.exitCode)}`}
          </p>
          {script.output !== undefined && <Output>{script.output}</Output>}
        </>
      )}
    </>
  );
}

/** What was found about a member. */
export function MemberFacts({ proof }: { readonly proof: MemberProof }): JSX.Element {
  const { restoreSeconds, files, bytes, compared, comparedBytes, tableCount, rows, tables, queries } = proof;
  const { findings, findingCount, unproven } = proof;
  const facts = [
    restoreSeconds !== undefined && `restored in ${formatSeconds(restoreSeconds)}`,
    files !== undefined && `${formatCount(files, "file")}, ${formatBytes(bytes)}`,
    compared !== undefined && `contents of ${formatNumber(compared)} compared, ${formatBytes(comparedBytes)}`,
    tableCount !== undefined && `${formatCount(tableCount, "table")}, ${formatCount(rows ?? 0, "row")}`,
  ].filter((one) => one !== false);
  return (
    <>
      <p>{facts.length === 0 ? "Nothing has been found out yet." : `${facts.join("; ")}.`}</p>
      {findings.map(({ code, path, message }) => (
        <div key={`${code} ${path} ${message}`} class="box bad">
          <p>
            <strong>{code}</strong> <Name>{path ?? ""}</Name> <Name>{message}</Name>
          </p>
        </div>
      ))}
      {findingCount > findings.length && <p>{formatCount(findingCount - findings.length, "more finding")}.</p>}
      {queries.length > 0 && (
        <ul aria-label="Statements that were asked" class="findings">
          {queries.map(({ statement, value, isGood, message }, at) => (
            <li key={at}>
              <State value={isGood ? "Ok" : "Failed"} /> <code>{statement}</code>: <Name>{value ?? "no answer"}</Name>{" "}
              <Name>{message ?? ""}</Name>
            </li>
          ))}
        </ul>
      )}
      {unproven.length > 0 && (
        <ul aria-label="What was not looked at">
          {unproven.map((one) => (
            <li key={one}>
              Not looked at: <Name>{one}</Name>
            </li>
          ))}
        </ul>
      )}
      {tables.length > 0 && (
        <Folded summary={`Tables (${formatNumber(tables.length)})`}>
          {() => (
            <Scroll label="Tables">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Table</th>
                    <th scope="col">Rows</th>
                  </tr>
                </thead>
                <tbody>
                  {tables.map((table) => (
                    <tr key={table.name}>
                      <th scope="row">
                        <Name>{table.name}</Name>
                      </th>
                      <td>{formatNumber(table.rows)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          )}
        </Folded>
      )}
    </>
  );
}
