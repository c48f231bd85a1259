/**
 * Whether a request to the local server is answered. Pure. A page of somebody else may make a browser send requests to this
 * address, under another host name too, and another program of this machine may send what it likes.
 */

export interface RequestFacts {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Header Sec-Fetch-Site: every browser of today sends it. */
  readonly fetchSite: string | undefined;
  readonly contentType: string | undefined;
  /** Whether the request carries the cookie. */
  readonly isSignedIn: boolean;
}

export interface ServingFacts {
  /** Host and port as the address has them. */
  readonly authority: string;
  /** Path of the page; everything else lies below it. Ends with a slash. */
  readonly base: string;
  readonly allowsActions: boolean;
}

export interface AccessRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** Below the base: what changes the cluster. */
export const ACTIONS_FOLDER = "act/";

const OPEN = "open the address that `kubectl stash ui` printed";

type Row = readonly [AccessRefusal, (request: RequestFacts, serving: ServingFacts) => boolean];

const refusal = (status: number, code: string, message: string, next = OPEN): AccessRefusal => {
  return { status, code, message, next };
};

const originOf = ({ authority }: ServingFacts) => `http://${authority}`;
const isPage = ({ method, path }: RequestFacts, { base }: ServingFacts) => method === "GET" && path === base;
const isJson = (type: string | undefined) => /^application\/json\s*(;|$)/i.test(type ?? "");

/** First match refuses. */
const RULES: readonly Row[] = [
  [
    refusal(421, "WRONG_HOST", "this server answers to its own address alone"),
    ({ host }, { authority }) => host !== authority,
  ],
  [
    refusal(405, "WRONG_METHOD", "only GET and POST are answered"),
    ({ method }) => method !== "GET" && method !== "POST",
  ],
  [
    refusal(403, "WRONG_ORIGIN", "another page asks"),
    ({ origin, method }, serving) =>
      origin === undefined ? method === "POST" : origin.toLowerCase() !== originOf(serving),
  ],
  [
    refusal(403, "WRONG_SITE", "another site asks"),
    (request, serving) =>
      request.fetchSite !== undefined &&
      request.fetchSite !== "same-origin" &&
      request.fetchSite !== "none" &&
      !isPage(request, serving),
  ],
  [
    refusal(404, "NO_SUCH_PATH", "there is nothing here"),
    // No path of ours has a percent sign: what stands behind one would be read otherwise here than where paths are looked up.
    ({ path }, { base }) => !path.startsWith(base) || path.includes("%"),
  ],
  [
    refusal(
      401,
      "NOT_SIGNED_IN",
      "this browser is not signed in",
      "start `kubectl stash ui` again: an address signs in once",
    ),
    (request, serving) => !request.isSignedIn && !isPage(request, serving),
  ],
  [
    refusal(415, "NOT_JSON", "only JSON is read"),
    ({ method, contentType }) => method === "POST" && !isJson(contentType),
  ],
  [
    refusal(403, "READ_ONLY", "this program only looks", "start `kubectl stash ui --allow-actions`"),
    ({ path }, { base, allowsActions }) => path.startsWith(`${base}${ACTIONS_FOLDER}`) && !allowsActions,
  ],
];

/** Undefined: the request is answered. */
export function decideAccess(request: RequestFacts, serving: ServingFacts): AccessRefusal | undefined {
  return RULES.find(([, refuses]) => refuses(request, serving))?.[0];
}
