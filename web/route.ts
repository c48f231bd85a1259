/** Where somebody is: behind the `#` of the address, so that a link can be sent to oneself and Back goes back. */
import { useEffect, useState } from "preact/hooks";

export type Params = Readonly<Record<string, string>>;

export interface Route {
  readonly page: string;
  readonly params: Params;
}

/** Reads `#/points?name=shop`. Pure. */
export function parseRoute(hash: string): Route {
  const [page = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { page: page || "overview", params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a page. Pure; undefined and empty values are left out. */
export function formatRoute(page: string, params: Readonly<Record<string, string | number | undefined>> = {}): string {
  const query = formatQuery(params);
  return `#/${page}${query === "" ? "" : `?${query}`}`;
}

export function formatQuery(params: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(params).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[key, String(value)] as [string, string]],
  );
  return new URLSearchParams(given).toString();
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const look = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return route;
}

export function goTo(hash: string): void {
  location.hash = hash;
}
