/** The address under which browsers know pages that are served in the cluster. Pure. */
import { UsageError } from "../program/usage-error.ts";

export interface PublicAddress {
  readonly href: string;
  /** Host, and port where it is not the scheme's own, as browsers send them. */
  readonly authority: string;
  readonly origin: string;
  /** Ends with a slash. */
  readonly path: string;
}

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);
const EXAMPLE = "write it as browsers have it, such as https://backups.example.com/";

/** @throws UsageError for an address that is none, or over which a token would travel for everybody to read */
export function readPublicAddress(text: string | undefined): PublicAddress {
  if (text === undefined) throw new UsageError("--in-cluster needs --public-url: the address of the proxy", EXAMPLE);
  const quoted = JSON.stringify(text);
  if (!URL.canParse(text)) throw new UsageError(`--public-url ${quoted} is no address`, EXAMPLE);
  const url = new URL(text);
  const { protocol, hostname, host, origin, pathname, href } = url;
  if (protocol !== "https:" && !(protocol === "http:" && LOCAL.has(hostname))) {
    throw new UsageError(`--public-url ${quoted} is not https: whoever is on the way would read tokens`, EXAMPLE);
  }
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || !/^[\w./-]*$/.test(pathname)) {
    throw new UsageError(`--public-url ${quoted} has more than a host and a path`, EXAMPLE);
  }
  const path = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return { href: pathname.endsWith("/") ? href : `${href}/`, authority: host, origin, path };
}
