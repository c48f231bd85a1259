/** A restore by clicks: the plan first, then the name is typed, then it is followed. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer } from "../answer.ts";
import { ask } from "../api.ts";
import { formatBytes, formatCount, formatTime } from "../format.ts";
import { LackingNote, useRights } from "../parts/lacking.tsx";
import { FailureBox, Name, Output, Scroll } from "../parts/words.tsx";
import { formatRoute, goTo } from "../route.ts";
import type { ApplyOrder, PlanAnswer, PlanOrder, Started } from "../wire/asked.ts";

interface DialogProps {
  readonly order: PlanOrder;
  readonly allowsActions: boolean;
  readonly onClose: () => void;
}

export function RestoreDialog({ order, allowsActions, onClose }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [answer, setAnswer] = useState<Answer<PlanAnswer>>();
  useEffect(() => {
    dialog.current?.showModal();
    let isWanted = true;
    void ask<PlanAnswer>("ask/plan", order).then((found) => isWanted && setAnswer(found));
    return () => {
      isWanted = false;
    };
  }, [order]);
  return (
    <dialog ref={dialog} aria-labelledby="restore-title" onClose={onClose}>
      <h2 id="restore-title">
        Restore <Name>{`${order.namespace}/${order.name}`}</Name> to <Name>{order.session}</Name>
      </h2>
      <div role="status">{answer === undefined && <p>Planning; nothing is changed …</p>}</div>
      {answer?.kind === "bad" && <FailureBox failure={answer} />}
      {answer?.kind === "good" && (
        <>
          <Plan plan={answer.value} />
          {allowsActions ? (
            <Confirm plan={answer.value} order={order} />
          ) : (
            <p class="box warn">
              Nothing can be restored from here: the program was started without --allow-actions. Apply the YAML
              yourself, or start it with that.
            </p>
          )}
        </>
      )}
      <p>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
    </dialog>
  );
}

function Plan({ plan }: { readonly plan: PlanAnswer }): JSX.Element {
  const { point, members, files, waitsFor, leftOut, notes, yaml, isChecked } = plan;
  return (
    <>
      <p>
        {point === undefined
          ? "The point is looked for in the repository."
          : `The point is of ${formatTime(point.time)}.`}{" "}
        {isChecked
          ? "The API server took it in a dry run; nothing was changed."
          : "The API server was not asked whether it takes it, and restic not about files."}
      </p>
      <Scroll label="Plan">
        <table>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Member</th>
              <th scope="col">Target</th>
              <th scope="col">How</th>
              <th scope="col">Restarts</th>
              <th scope="col">Data</th>
            </tr>
          </thead>
          <tbody>
            {members.map(({ name, step, target, how, restarts, snapshots, sizeBytes }) => (
              <tr key={name}>
                <td>{step === 0 ? "never" : step}</td>
                <th scope="row">
                  <Name>{name}</Name>
                </th>
                <td>
                  <Name>{target}</Name>
                </td>
                <td>
                  <Name>{how}</Name>
                </td>
                <td>{restarts}</td>
                <td>
                  {snapshots.length === 0
                    ? "not known"
                    : `${formatCount(snapshots.length, "snapshot")}, ${formatBytes(sizeBytes)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {files.length > 0 && (
        <>
          <p>Files, by restic's own dry run; those that are there and not in a snapshot stay:</p>
          <Scroll label="Files">
            <Output>{files.join("\n")}</Output>
          </Scroll>
        </>
      )}
      <Sentences title="It would wait for" texts={waitsFor} />
      <Sentences title="The batch says and the restore does not" texts={leftOut} />
      <Sentences title="Not seen" texts={notes} />
      <details>
        <summary>The RestoreBatch as YAML</summary>
        <button type="button" onClick={() => void navigator.clipboard.writeText(yaml)}>
          Copy
        </button>
        <Scroll label="RestoreBatch as YAML">
          <Output>{yaml}</Output>
        </Scroll>
      </details>
    </>
  );
}

function Sentences({
  title,
  texts,
}: {
  readonly title: string;
  readonly texts: readonly string[];
}): JSX.Element | null {
  if (texts.length === 0) return null;
  return (
    <div class="box warn">
      <p>{title}:</p>
      <ul>
        {texts.map((text) => (
          <li key={text}>
            <Name>{text}</Name>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Confirm({ plan, order }: { readonly plan: PlanAnswer; readonly order: PlanOrder }): JSX.Element {
  const [typedName, setTypedName] = useState("");
  const [isAsking, setIsAsking] = useState(false);
  const [trouble, setTrouble] = useState<{ readonly message: string; readonly next: string }>();
  const { restore } = useRights(order.namespace);
  const apply = async (event: Event) => {
    event.preventDefault();
    setIsAsking(true);
    setTrouble(undefined);
    const wanted: ApplyOrder = { id: plan.id, typedName };
    const answer = await ask<Started>("act/restore", wanted);
    setIsAsking(false);
    if (answer.kind === "bad") {
      setTrouble(answer);
      return;
    }
    const { kind, namespace, name } = order;
    goTo(formatRoute("application", { kind, namespace, name, run: `${answer.value.kind}/${answer.value.name}` }));
  };
  return (
    <form onSubmit={(event) => void apply(event)}>
      <p>
        Files of the point are written over those that are there; files that it does not hold stay. Of a database, what
        the dump holds is replaced.
      </p>
      <label>
        Type{" "}
        <strong>
          <Name>{order.name}</Name>
        </strong>{" "}
        to restore it{" "}
        <input
          type="text"
          autoComplete="off"
          spellcheck={false}
          value={typedName}
          onInput={({ currentTarget }) => setTypedName(currentTarget.value)}
        />
      </label>{" "}
      <button
        type="submit"
        class="danger"
        disabled={isAsking || typedName !== order.name || restore !== undefined}
        aria-describedby="restore-lacks"
      >
        Restore
      </button>
      <LackingNote id="restore-lacks" lacking={restore} />
      <div role="alert">{trouble !== undefined && <FailureBox failure={trouble} />}</div>
    </form>
  );
}
