/** What is wrong with the installation. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Asked } from "../parts/asked.tsx";
import { Title } from "../parts/frame.tsx";
import { Name, Pages, State } from "../parts/words.tsx";
import type { DoctorOrder, DoctorView } from "../wire/asked.ts";
import { pageOf } from "../wire/page-of.ts";
import type { PageProps } from "./props.ts";

/** Where an installation is unless somebody put it elsewhere. */
const USUAL_NAMESPACE = "stash-batch";

export function Doctor({ params }: PageProps): JSX.Element {
  const [order, setOrder] = useState<DoctorOrder>({ namespace: USUAL_NAMESPACE });
  return (
    <>
      <Title title="Doctor" />
      <p>
        Looks at the installation as `kubectl stash doctor` does. What it creates is a dry run. It needs the rights of a
        cluster admin.
      </p>
      <form onSubmit={(event) => event.preventDefault()}>
        <label>
          Namespace of the installation{" "}
          <input
            type="text"
            spellcheck={false}
            value={order.namespace}
            onChange={({ currentTarget }) => setOrder({ namespace: currentTarget.value || USUAL_NAMESPACE })}
          />
        </label>
      </form>
      <Asked<DoctorView> path="ask/doctor" body={order}>
        {({ findings }) => {
          const paged = pageOf(findings, params["page"]);
          return (
            <>
              <ul class="findings">
                {paged.rows.map(({ check, status, message, fix }) => (
                  <li key={`${check} ${message}`}>
                    <State value={status} /> {check}: <Name>{message}</Name>
                    {fix !== undefined && (
                      <p>
                        Fix: <Name>{fix}</Name>
                      </p>
                    )}
                  </li>
                ))}
              </ul>
              <Pages page="doctor" params={params} paged={paged} what="findings" />
            </>
          );
        }}
      </Asked>
    </>
  );
}
