/** The pages on this machine, for whoever started the program: an address that signs in one browser, and nobody else. */
import { createCrowd } from "./crowd.ts";
import type { AccessRefusal, ServingFacts } from "./decide-access.ts";
import type { Ask, Door, Greeting, Visit } from "./door.ts";
import { iconOf, type PageFiles } from "./pages.ts";
import { servePages, type UiServer } from "./server.ts";
import type { SignIn } from "./sign-in.ts";
import { formatLeadingPage, REFUSED_PAGE } from "./sign-in-pages.ts";
import { createStreams } from "./streams.ts";
import type { ViewTable } from "./views/table.ts";

export interface UiPorts {
  readonly signIn: SignIn;
  readonly pages: PageFiles;
  readonly views: ViewTable;
  /** Calls back whenever something may look different. @returns ends that */
  readonly onChange: (changed: () => void) => () => void;
  readonly questions: Readonly<Record<string, Ask>>;
  readonly actions: Readonly<Record<string, Ask>>;
  readonly allowsActions: boolean;
  /** The address has been used. */
  readonly onSignIn: () => void;
  readonly onFault: (error: unknown) => void;
}

export interface LocalUi extends UiServer {
  /** What a person opens; good once. */
  readonly address: string;
}

const LOOPBACK = "127.0.0.1";
/** Some tabs, and a program or two beside them. */
const MAX_CONNECTIONS = 128;
/** All of it is one person's, who has tabs; a browser has six connections to one address anyhow. */
const CROWD = {
  strangers: { most: 16, mostOfOne: 16 },
  requests: { most: 32, mostOfOne: 32 },
  streams: { most: 32, mostOfOne: 32 },
};

const STEPS = {
  open: "open the address that `kubectl stash ui` printed",
  signIn: "start `kubectl stash ui` again: an address signs in once",
  allow: "start `kubectl stash ui --allow-actions`",
};

/** Starts to listen on loopback. @param port 0 for any that is free */
export async function startLocalUi(ports: UiPorts, port: number): Promise<LocalUi> {
  const { signIn, pages, allowsActions, onFault } = ports;
  let authority = "";
  const streams = createStreams(ports);
  const visit: Visit = {
    views: ports.views,
    streams,
    questions: ports.questions,
    actions: allowsActions ? ports.actions : {},
  };
  const crowd = createCrowd(CROWD);
  const icon = iconOf(pages);
  const door: Door = {
    servingAt: (): ServingFacts => ({
      authority,
      origin: `http://${authority}`,
      base: signIn.base,
      allowsActions,
      steps: STEPS,
    }),
    isSignedIn: ({ headers }) => signIn.knows(headers.cookie),
    arrive: (request, response) =>
      crowd.arrive(request, response, signIn.knows(request.headers.cookie) ? "requests" : "strangers", ""),
    follow: (request) => crowd.move(request, "streams", ""),
    keep: crowd.keep,
    async greet({ headers }, { token }): Promise<Greeting | undefined> {
      const isKnown = signIn.knows(headers.cookie);
      if (token === undefined) return isKnown ? undefined : { status: 401, html: REFUSED_PAGE };
      const value = signIn.redeem(token, Date.now());
      if (value === undefined && !isKnown) return { status: 401, html: REFUSED_PAGE };
      if (value !== undefined) ports.onSignIn();
      // A redirect, and every reload after it, would still come from where the address was opened, which may be another site: without
      // the cookie. What this page leads to comes from here.
      return { status: 200, html: formatLeadingPage(signIn.base, icon), cookie: value && signIn.cookie(value) };
    },
    enter: async (): Promise<Visit | AccessRefusal> => visit,
    close: async () => streams.close(),
  };
  const server = await servePages({ door, pages, onFault }, { host: LOOPBACK, port, maxConnections: MAX_CONNECTIONS });
  authority = `${LOOPBACK}:${server.port}`;
  return { ...server, address: `http://${authority}${signIn.base}?token=${signIn.token}` };
}
