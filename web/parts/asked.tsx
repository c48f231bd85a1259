/** What is looked at when somebody asks, and not followed. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../answer.ts";
import { ask } from "../api.ts";
import { formatTime } from "../format.ts";
import { FailureBox } from "./words.tsx";

interface AskedProps<Value> {
  readonly path: string;
  readonly body?: object;
  readonly children: (value: Value) => ComponentChildren;
}

/** Asks at once, and again by a button. */
export function Asked<Value>({ path, body, children }: AskedProps<Value>): JSX.Element {
  const [answer, setAnswer] = useState<Answer<Value> & { readonly at: string }>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    setAnswer(undefined);
    void ask<Value>(path, body).then((found) => isWanted && setAnswer({ ...found, at: new Date().toISOString() }));
    return () => {
      isWanted = false;
    };
  }, [path, body, turn]);
  return (
    <>
      <div role="status">
        {answer === undefined ? (
          <p class="muted">Looking …</p>
        ) : (
          <p class="muted">As it was at {formatTime(answer.at)}.</p>
        )}
      </div>
      <button type="button" disabled={answer === undefined} onClick={() => setTurn(turn + 1)}>
        Look again
      </button>
      {answer?.kind === "bad" && <FailureBox failure={answer} />}
      {answer?.kind === "good" && children(answer.value)}
    </>
  );
}
