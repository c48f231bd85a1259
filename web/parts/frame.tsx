/** What every page that shows the cluster has around it: its title, what can't be seen, and since when it is old. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Watched } from "../api.ts";
import { formatNumber, formatTime } from "../format.ts";
import type { Notice } from "../wire/envelope.ts";
import { Folded, Name } from "./words.tsx";

/** The heading takes the focus when the page changes, so that whoever hears the page hears where he is. */
export function Title({
  children,
  title,
}: {
  readonly children?: ComponentChildren;
  readonly title: string;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · stash-batch`;
    heading.current?.focus();
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? title}
    </h1>
  );
}

/** What can be lived with. */
const SOFT: ReadonlySet<Notice["kind"]> = new Set(["away", "absent", "history"]);

function NoticeBox({ notice }: { readonly notice: Notice }): JSX.Element {
  return (
    <div class={`box ${SOFT.has(notice.kind) ? "warn" : "bad"}`}>
      <p>
        <Name>{notice.message}</Name>
        {notice.since !== undefined && <> What is shown is of {formatTime(notice.since)}.</>}
      </p>
      {notice.next !== undefined && <p>Next: {notice.next}</p>}
    </div>
  );
}

const MOST_OPEN = 10;

/** A thousand objects that can't be read hide nothing of the page. */
function Notices({ notices }: { readonly notices: readonly Notice[] }): JSX.Element {
  const box = (notice: Notice) => <NoticeBox key={notice.message} notice={notice} />;
  const more = notices.slice(MOST_OPEN);
  return (
    <>
      {notices.slice(0, MOST_OPEN).map(box)}
      {more.length > 0 && <Folded summary={`${formatNumber(more.length)} more notices`}>{() => more.map(box)}</Folded>}
    </>
  );
}

interface LiveProps<View> {
  readonly watched: Watched<View>;
  readonly children: (seen: NonNullable<Watched<View>["seen"]>) => ComponentChildren;
}

/** Shows a view with what is to be said of it. */
export function Live<View>({ watched, children }: LiveProps<View>): JSX.Element {
  const { seen, silentSince, refusal } = watched;
  return (
    <>
      <div role="status">
        {silentSince !== undefined && (
          <div class="box warn">
            <p>
              {refusal === undefined
                ? `The program that serves this page does not answer since ${formatTime(silentSince)}.`
                : `${seen === undefined ? "Nothing can be shown" : "What is shown is old"}: ${refusal.message}, since ${formatTime(silentSince)}.`}
            </p>
            <p>Next: {refusal?.next ?? "see that `kubectl stash ui` still runs; a new one has a new address."}</p>
          </div>
        )}
        <Notices notices={seen?.notices ?? []} />
        {(seen === undefined || seen.isLoading) && silentSince === undefined && (
          <p class="muted">Reading the cluster …</p>
        )}
      </div>
      {seen !== undefined && children(seen)}
    </>
  );
}
