/** What is wrong with the installation. */
import type { JSX } from "preact";
import { Asked } from "../parts/asked.tsx";
import { Title } from "../parts/frame.tsx";
import { Name, State } from "../parts/words.tsx";
import type { DoctorView } from "../wire.ts";

export function Doctor(): JSX.Element {
  return (
    <>
      <Title title="Doctor" />
      <p>
        Looks at the installation as `kubectl stash doctor` does. What it creates is a dry run. It needs the rights of a
        cluster admin.
      </p>
      <Asked<DoctorView> path="ask/doctor">
        {({ findings }) => (
          <ul class="findings">
            {findings.map(({ check, status, message, fix }) => (
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
        )}
      </Asked>
    </>
  );
}
