/** What the pages ask of the program that serves them. All paths are relative: whatever lies elsewhere is never asked. */
import { useEffect, useState } from "preact/hooks";
import { type Answer, readAnswer, SILENT } from "./answer.ts";
import { formatQuery, type Params } from "./route.ts";
import type { Envelope } from "./wire/envelope.ts";

export interface Seen<View> extends Envelope<View> {
  /** This machine's clock when it came. */
  readonly seenAtMs: number;
}

export interface Watched<View> {
  readonly seen: Seen<View> | undefined;
  /** Since when the program does not answer; undefined while it does. */
  readonly silentSince: string | undefined;
  /** It does, and says why it shows nothing new. */
  readonly refusal: Refused | undefined;
}

/** The reader's zone: days begin and end by it. */
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Follows a view while somebody looks: a browser has few connections to one address, and hidden tabs need none. */
export function useView<View>(name: string, params: Params): Watched<View> {
  const query = formatQuery({ ...params, zone: zone() });
  const [watched, setWatched] = useState<Watched<View> & { readonly of: string }>({
    seen: undefined,
    silentSince: undefined,
    refusal: undefined,
    of: "",
  });
  const key = `${name}?${query}`;
  useEffect(() => {
    let isOpen = true;
    let source: EventSource | undefined;
    const open = () => {
      source = new EventSource(`watch/${key}`);
      source.onmessage = ({ data }) => {
        const envelope: Envelope<View> = JSON.parse(String(data));
        setWatched({
          seen: { ...envelope, seenAtMs: Date.now() },
          silentSince: undefined,
          refusal: undefined,
          of: key,
        });
      };
      source.addEventListener("clock", ({ data }) => {
        const told = { now: String(data), seenAtMs: Date.now() };
        setWatched((last) => (last.seen === undefined ? last : { ...last, seen: { ...last.seen, ...told } }));
      });
      source.onopen = () => setWatched((last) => ({ ...last, silentSince: undefined, refusal: undefined }));
      source.onerror = () => {
        setWatched((last) => {
          const nowMs = last.seen === undefined ? Date.now() : serverNow(last.seen, Date.now());
          return { ...last, silentSince: last.silentSince ?? new Date(nowMs).toISOString() };
        });
        // The browser tries again by itself, unless it was answered with a refusal.
        const isRefused = source?.readyState === EventSource.CLOSED;
        if (isRefused) retry = window.setTimeout(reopen, 2_000);
        // A stream only sees that nobody answers: not what a refusal says, nor that a proxy leads elsewhere to sign in.
        void (isRefused ? readRefusal(`watch/${key}`) : ask("ask/about")).then((answer) => {
          const refusal = answer.kind === "bad" && answer !== SILENT ? answer : undefined;
          if (isOpen) setWatched((last) => ({ ...last, refusal }));
        });
      };
    };
    let retry: number | undefined;
    const reopen = () => {
      window.clearTimeout(retry);
      source?.close();
      source = undefined;
      if (!document.hidden) open();
    };
    reopen();
    document.addEventListener("visibilitychange", reopen);
    return () => {
      isOpen = false;
      document.removeEventListener("visibilitychange", reopen);
      window.clearTimeout(retry);
      source?.close();
    };
  }, [key]);
  // What is left of another page's view is never shown as this one's.
  return watched.of === key || watched.of === "" ? watched : { ...watched, seen: undefined };
}

/** The cluster's clock, as the view told it. This machine's only says how long ago that was, and may be set back meanwhile. */
export function serverNow({ now, seenAtMs }: Pick<Seen<unknown>, "now" | "seenAtMs">, nowMs: number): number {
  return Date.parse(now) + Math.max(0, nowMs - seenAtMs);
}

/** Comes again each second, while something goes on. */
export function useClock(isNeeded = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}

type Refused = Extract<Answer<unknown>, { readonly kind: "bad" }>;

/** Why a stream is refused; silent where it is not, or nobody says why. Never throws. */
async function readRefusal(path: string): Promise<Refused> {
  const leaving = new AbortController();
  try {
    const response = await fetch(path, { redirect: "manual", signal: leaving.signal });
    const { ok, status, type } = response;
    if (ok) return SILENT;
    const answer = readAnswer({ status, type, text: await response.text() });
    return answer.kind === "bad" ? answer : SILENT;
  } catch {
    return SILENT;
  } finally {
    leaving.abort();
  }
}

/** Asks once. Never throws. @param path `ask/…` or `act/…` */
export async function ask<Value>(path: string, body: object = {}): Promise<Answer<Value>> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      // No page of ours is where a proxy leads to.
      redirect: "manual",
    });
    const { status, type } = response;
    return readAnswer({ status, type, text: await response.text() });
  } catch {
    return SILENT;
  }
}
