/** Buttons that whoever looks may not use: grey, with the right that lacks beside them. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "../api.ts";
import type { Lacking, RightsOrder, RightsView } from "../wire/asked.ts";
import { Name } from "./words.tsx";

/** What the API server says of a namespace. Until it does, and where it does not, nothing lacks: it decides in the end. */
export function useRights(namespace: string, isWanted = true): RightsView {
  const [told, setTold] = useState<{ readonly of: string; readonly rights: RightsView }>();
  useEffect(() => {
    if (!isWanted) return;
    let isOpen = true;
    const order: RightsOrder = { namespace };
    void ask<RightsView>("ask/rights", order).then((answer) => {
      if (isOpen && answer.kind === "good") setTold({ of: namespace, rights: answer.value });
    });
    return () => {
      isOpen = false;
    };
  }, [namespace, isWanted]);
  return told?.of === namespace ? told.rights : {};
}

interface LackingProps {
  /** Of the element; the button's `aria-describedby`. */
  readonly id: string;
  readonly lacking: Lacking | undefined;
}

export function LackingNote({ id, lacking }: LackingProps): JSX.Element | null {
  if (lacking === undefined) return null;
  return (
    <p id={id} class="muted">
      <Name>{lacking.message}</Name>. Next: <Name>{lacking.next}</Name>
    </p>
  );
}
