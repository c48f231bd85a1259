/** What nothing backs up. */
import type { JSX } from "preact";
import { formatCount } from "../format.ts";
import { Asked } from "../parts/asked.tsx";
import { Title } from "../parts/frame.tsx";
import { Name, Pages, Scroll, State } from "../parts/words.tsx";
import type { Params } from "../route.ts";
import type { CoverageView } from "../wire/asked.ts";
import { pageOf } from "../wire/page-of.ts";
import type { PageProps } from "./props.ts";

export function Coverage({ params }: PageProps): JSX.Element {
  return (
    <>
      <Title title="Coverage" />
      <Asked<CoverageView> path="ask/coverage">
        {({ covered, rows, failures }) => (
          <>
            <p>
              {formatCount(covered, "workload or claim", "workloads and claims")} that hold data are covered.{" "}
              {rows.length === 0 ? "Nothing lacks." : "These are not, or not wholly:"}
            </p>
            {failures.map((failure) => (
              <p key={failure} class="box bad">
                Can't be read: <Name>{failure}</Name>
              </p>
            ))}
            {rows.length > 0 && <Rows rows={rows} params={params} />}
          </>
        )}
      </Asked>
    </>
  );
}

interface RowsProps {
  readonly rows: CoverageView["rows"];
  readonly params: Params;
}

function Rows({ rows, params }: RowsProps): JSX.Element {
  const paged = pageOf(rows, params["page"]);
  return (
    <>
      <Scroll label="What is not covered">
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">What to add</th>
            </tr>
          </thead>
          <tbody>
            {paged.rows.map(({ state, namespace, kind, name, by, why, add }) => (
              <tr key={`${kind}/${namespace}/${name}`}>
                <th scope="row">
                  {kind} <Name>{`${namespace}/${name}`}</Name>
                </th>
                <td>
                  <State value={state} />
                </td>
                <td>
                  <Name>{[why, ...(by.length > 0 ? [`by ${by.join(", ")}`] : [])].join("; ")}</Name>
                </td>
                <td>{add === undefined ? "-" : <code>{add}</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Pages page="coverage" params={params} paged={paged} what="that are not covered" />
    </>
  );
}
