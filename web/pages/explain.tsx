/** What would be done to a manifest, and why. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../answer.ts";
import { ask } from "../api.ts";
import { Title } from "../parts/frame.tsx";
import { FailureBox, Name, Output, Scroll } from "../parts/words.tsx";
import type { ExplainOrder, ExplainView } from "../wire/asked.ts";

export function Explain(): JSX.Element {
  const [text, setText] = useState("");
  const [isAsking, setIsAsking] = useState(false);
  const [answer, setAnswer] = useState<Answer<ExplainView>>();
  const explain = async (event: Event) => {
    event.preventDefault();
    setIsAsking(true);
    setAnswer(undefined);
    const order: ExplainOrder = { text };
    setAnswer(await ask<ExplainView>("ask/explain", order));
    setIsAsking(false);
  };
  return (
    <>
      <Title title="Explain" />
      <p>
        The webhook's own decision on a workload, by what is in the cluster now; of an object of ours, what its author
        must be allowed to do. Nothing is applied.
      </p>
      <form onSubmit={(event) => void explain(event)}>
        <label for="manifest">Manifest, as YAML</label>
        <textarea
          id="manifest"
          rows={16}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button type="submit" disabled={isAsking || text.trim() === ""}>
          Explain
        </button>
      </form>
      <div role="status">{isAsking && <p class="muted">Reading the cluster …</p>}</div>
      {answer?.kind === "bad" && <FailureBox failure={answer} />}
      {answer?.kind === "good" && <Explanations view={answer.value} />}
    </>
  );
}

function Explanations({ view }: { readonly view: ExplainView }): JSX.Element {
  return (
    <>
      <p class="muted">
        The image is written as {view.image}; `kubectl stash explain --image` takes the real one. Objects without a
        namespace are taken to be in <Name>{view.namespace}</Name>.
      </p>
      {view.texts.map((text) => (
        <Scroll key={text} label={text.split("\n")[0] ?? "Explanation"}>
          <Output>{text}</Output>
        </Scroll>
      ))}
    </>
  );
}
