/**
 * Whether a request to the server of the pages is answered. Pure. A page of somebody else may make a browser send requests to this
 * address, under another host name too, and another program of this machine or cluster may send what it likes.
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
  /** Whether the request carries the cookie, or a token that may be one. */
  readonly isSignedIn: boolean;
}

export interface ServingFacts {
  /** Host and port as the browser's address has them. */
  readonly authority: string;
  /** Of the pages, as browsers send it: `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Path of the page; everything else lies below it. Ends with a slash. */
  readonly base: string;
  readonly allowsActions: boolean;
  readonly steps: NextSteps;
}

/** What whoever is refused does next. */
export interface NextSteps {
  readonly open: string;
  readonly signIn: string;
  readonly allow: string;
}

export interface AccessRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** Below the base: what changes the cluster. */
export const ACTIONS_FOLDER = "act/";

type Row = readonly [
  status: number,
  code: string,
  message: string,
  step: keyof NextSteps,
  refuses: (request: RequestFacts, serving: ServingFacts) => boolean,
];

const isPage = ({ method, path }: RequestFacts, { base }: ServingFacts) => method === "GET" && path === base;
const isJson = (type: string | undefined) => /^application\/json\s*(;|$)/i.test(type ?? "");

/** First match refuses. */
const RULES: readonly Row[] = [
  [
    421,
    "WRONG_HOST",
    "this server answers to its own address alone",
    "open",
    ({ host }, { authority }) => host?.toLowerCase() !== authority,
  ],
  [
    405,
    "WRONG_METHOD",
    "only GET and POST are answered",
    "open",
    ({ method }) => method !== "GET" && method !== "POST",
  ],
  [
    403,
    "WRONG_ORIGIN",
    "another page asks",
    "open",
    (request, serving) =>
      request.origin === undefined ? request.method === "POST" : request.origin.toLowerCase() !== serving.origin,
  ],
  [
    403,
    "WRONG_SITE",
    "another site asks",
    "open",
    (request, serving) =>
      request.fetchSite !== undefined &&
      request.fetchSite !== "same-origin" &&
      request.fetchSite !== "none" &&
      !isPage(request, serving),
  ],
  [
    404,
    "NO_SUCH_PATH",
    "there is nothing here",
    "open",
    // No path of ours has a percent sign: what stands behind one would be read otherwise here than where paths are looked up.
    ({ path }, { base }) => !path.startsWith(base) || path.includes("%"),
  ],
  [
    401,
    "NOT_SIGNED_IN",
    "this browser is not signed in",
    "signIn",
    (request, serving) => !request.isSignedIn && !isPage(request, serving),
  ],
  [
    415,
    "NOT_JSON",
    "only JSON is read",
    "open",
    ({ method, contentType }) => method === "POST" && !isJson(contentType),
  ],
  [
    403,
    "READ_ONLY",
    "this program only looks",
    "allow",
    ({ path }, { base, allowsActions }) => path.startsWith(`${base}${ACTIONS_FOLDER}`) && !allowsActions,
  ],
];

/** Undefined: the request is answered. */
export function decideAccess(request: RequestFacts, serving: ServingFacts): AccessRefusal | undefined {
  const row = RULES.find(([, , , , refuses]) => refuses(request, serving));
  if (row === undefined) return undefined;
  const [status, code, message, step] = row;
  return { status, code, message, next: serving.steps[step] };
}
