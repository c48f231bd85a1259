/** The pages in the cluster, for whomever a proxy signs in: each with his own token, and nothing that was read for another. */
import type { IncomingMessage } from "node:http";
import { pathOf } from "../../shared/listener.ts";
import { readBearer } from "./bearer.ts";
import { type CrowdKind, createCrowd } from "./crowd.ts";
import { type Door, isRefusal, TOO_MANY } from "./door.ts";
import { keyOf, type People } from "./people.ts";
import type { PublicAddress } from "./public-address.ts";
import { formatUnknownPage } from "./sign-in-pages.ts";

export interface ClusterDoorPorts {
  readonly address: PublicAddress;
  readonly people: People;
  /** What is looked at where no namespace is named; undefined: all. */
  readonly scope: string | undefined;
  readonly allowsActions: boolean;
}

/**
 * A browser that loads a page has some requests under way, and follows a page in each tab that somebody looks at. All together they are
 * far fewer than the connections that the server takes, which come from one proxy: there the oldest would go, whosever it is.
 */
const CROWD = {
  strangers: { most: 64, mostOfOne: 8 },
  requests: { most: 128, mostOfOne: 16 },
  streams: { most: 256, mostOfOne: 16 },
};
/** How often it is looked at who is there no more. */
const SWEEP_MS = 15_000;
/** A namespace has a base of its own, since not everybody may look at all of them. */
const NAMESPACE_FOLDER = /^in\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\//;

export function signInStep({ href }: PublicAddress): string {
  return `open ${href}, where a proxy signs you in; if you came from there, it has to pass your token on as docs/ui.md says`;
}

export function createClusterDoor({ address, people, scope, allowsActions }: ClusterDoorPorts): Door {
  const { authority, origin, path: root } = address;
  const steps = {
    open: `open ${address.href}`,
    signIn: signInStep(address),
    allow: "ask whoever installed it for --allow-actions",
  };
  const timer = setInterval(() => people.sweep(), SWEEP_MS);
  timer.unref();

  const scopeOf = (path: string) => (path.startsWith(root) ? NAMESPACE_FOLDER.exec(path.slice(root.length)) : null);
  const tokenOf = ({ headersDistinct }: IncomingMessage) => readBearer(headersDistinct["authorization"]);

  const crowd = createCrowd(CROWD);

  /** Whoever is known counts as one, with all of his tokens; others count by their token. */
  function placeOf(request: IncomingMessage): readonly [CrowdKind, string] {
    const token = tokenOf(request) ?? "";
    const person = people.personOf(token);
    return person === undefined ? ["strangers", keyOf(token)] : ["requests", person];
  }

  const door: Door = {
    servingAt(path) {
      const folder = scopeOf(path)?.[0] ?? "";
      return { authority, origin, base: `${root}${folder}`, allowsActions, steps };
    },
    isSignedIn: (request) => tokenOf(request) !== undefined,
    arrive: (request, response) => crowd.arrive(request, response, ...placeOf(request)),
    follow: (request) => crowd.move(request, "streams", placeOf(request)[1]),
    keep: crowd.keep,
    async greet(request) {
      const found = await door.enter(request);
      if (!isRefusal(found)) return undefined;
      return { status: found.status, html: formatUnknownPage(found.message, found.next) };
    },
    async enter(request) {
      const token = tokenOf(request);
      if (token !== undefined) {
        const found = await people.enter(token, scopeOf(pathOf(request))?.[1] ?? scope);
        return isRefusal(found) || crowd.move(request, ...placeOf(request)) ? found : TOO_MANY;
      }
      return { status: 401, code: "NOT_SIGNED_IN", message: "this browser is not signed in", next: steps.signIn };
    },
    async close() {
      clearInterval(timer);
      people.close();
    },
  };
  return door;
}
