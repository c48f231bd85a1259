/**
 * Who is served in the cluster, and for how long. Everything that was read for a token is kept under that very token: nobody is given
 * what was read for somebody else, and the same person with a new token begins anew. Who a token is of, and whether it is good, the API
 * server tells: first, then once a minute.
 */
import { createHash } from "node:crypto";
import { messageOf } from "../../shared/errors.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { personOf } from "../../shared/person.ts";
import { expiryOf } from "./bearer.ts";
import type { AccessRefusal } from "./decide-access.ts";
import type { Visit } from "./door.ts";

/** What is there for a token in one namespace, or in all. */
export interface OpenVisit {
  readonly visit: Visit;
  /** Whether somebody looks at this moment. */
  isWatched(): boolean;
  end(): void;
}

export interface PeoplePorts {
  /** Name of whom the token is of; empty where the API server does not tell. @throws KubeError 401 for one that is not good */
  identify(token: string): Promise<string>;
  open(token: string, user: string, scope: string | undefined): OpenVisit;
  readonly now: () => number;
  /** What whoever has no good token does next. */
  readonly signIn: string;
}

export interface People {
  /** Who counts as one with the token's owner; undefined while nobody has asked about it. */
  personOf(token: string): string | undefined;
  enter(token: string, scope: string | undefined): Promise<Visit | AccessRefusal>;
  /** Ends what is over, and asks about those who look on. */
  sweep(): void;
  close(): void;
}

/** How old the API server's word may be. */
export const RECHECK_MS = 60_000;
/** How long its word holds while it does not answer; nothing new is read then either. */
export const WORD_LIFETIME_MS = 10 * 60_000;
/** A plan is good for so long. */
export const IDLE_MS = 10 * 60_000;
/** A clock that runs before ours makes tokens look old that are good. */
const LEAST_LIFETIME_MS = 5_000;
const MOST_TIMER_MS = 2 ** 31 - 1;
/** Of one person: some browsers, and tokens that were renewed. */
export const MOST_TOKENS = 8;
export const MOST_HOLDERS = 64;
/** Namespaces at once. */
export const MOST_VISITS = 4;
/** Questions at once of whom nobody knows yet. */
export const MOST_CHECKS = 16;

interface Holder {
  readonly key: string;
  readonly token: string;
  readonly user: string;
  readonly visits: Map<string | undefined, OpenVisit>;
  readonly end: NodeJS.Timeout | undefined;
  checkedMs: number;
  askedMs: number;
  usedMs: number;
}

/** What a token is known by: nobody finds the token in it. */
export const keyOf = (token: string) => createHash("sha256").update(token).digest("base64url");

const refusal = (status: number, code: string, message: string, next: string): AccessRefusal => {
  return { status, code, message, next };
};
const FULL = refusal(503, "TOO_MANY", "too many people look at this moment", "try it again in a minute");

const isWatched = ({ visits }: Holder) => [...visits.values()].some((visit) => visit.isWatched());

/** Whose name nobody tells is one for each token. */
function personOfHolder({ key, user }: Pick<Holder, "key" | "user">): string {
  return personOf(user) || key;
}

export function createPeople(ports: PeoplePorts): People {
  const { now } = ports;
  const holders = new Map<string, Holder>();
  const checks = new Map<string, Promise<AccessRefusal | undefined>>();
  let isClosed = false;

  function leave({ key, visits, end }: Holder): void {
    holders.delete(key);
    clearTimeout(end);
    for (const visit of visits.values()) visit.end();
    visits.clear();
  }

  /** Ends one of them: whom nobody looks at goes first, then whoever came longest ago. */
  function makeRoom(among: readonly Holder[], endsWatched: boolean): boolean {
    const [oldest] = among
      .filter((one) => endsWatched || !isWatched(one))
      .sort((a, b) => Number(isWatched(a)) - Number(isWatched(b)) || a.usedMs - b.usedMs);
    if (oldest !== undefined) leave(oldest);
    return oldest !== undefined;
  }

  function admit(key: string, token: string, user: string): AccessRefusal | undefined {
    const atMs = now();
    const known = holders.get(key);
    if (known?.user === user) {
      known.checkedMs = atMs;
      return undefined;
    }
    if (known !== undefined) leave(known);
    const own = [...holders.values()].filter((one) => personOfHolder(one) === personOfHolder({ key, user }));
    if (own.length >= MOST_TOKENS) makeRoom(own, true);
    if (holders.size >= MOST_HOLDERS && !makeRoom([...holders.values()], false)) return FULL;
    const expiryMs = expiryOf(token);
    const lifetimeMs = Math.max(LEAST_LIFETIME_MS, (expiryMs ?? Number.POSITIVE_INFINITY) - atMs);
    const end = setTimeout(() => leave(holder), Math.min(lifetimeMs, MOST_TIMER_MS));
    end.unref();
    const holder: Holder = { key, token, user, visits: new Map(), end, checkedMs: atMs, askedMs: atMs, usedMs: atMs };
    holders.set(key, holder);
    return undefined;
  }

  async function ask(key: string, token: string): Promise<AccessRefusal | undefined> {
    try {
      const user = await ports.identify(token);
      return isClosed ? FULL : admit(key, token, user);
    } catch (error) {
      const known = holders.get(key);
      if (error instanceof KubeError && error.status === 401) {
        if (known !== undefined) leave(known);
        return refusal(401, "TOKEN_REFUSED", "the API server does not know this token, or not any more", ports.signIn);
      }
      if (known !== undefined && now() - known.checkedMs < WORD_LIFETIME_MS) return undefined;
      if (known !== undefined) leave(known);
      const why = `the API server could not be asked who you are: ${messageOf(error)}`;
      return refusal(503, "API_UNAVAILABLE", why, "try it again in a minute");
    }
  }

  /** One question a token at a time. */
  function check(key: string, token: string): Promise<AccessRefusal | undefined> {
    const known = holders.get(key);
    if (known !== undefined) known.askedMs = now();
    const pending = checks.get(key);
    if (pending !== undefined) return pending;
    // Whoever is known is not kept out by those who are not.
    if (known === undefined && checks.size >= MOST_CHECKS) return Promise.resolve(FULL);
    const asking = ask(key, token).finally(() => checks.delete(key));
    checks.set(key, asking);
    return asking;
  }

  const isOld = ({ askedMs }: Holder) => now() - askedMs >= RECHECK_MS;

  function visitOf(holder: Holder, scope: string | undefined): Visit | AccessRefusal {
    const known = holder.visits.get(scope);
    if (known !== undefined) return known.visit;
    if (holder.visits.size >= MOST_VISITS) {
      const [left] = [...holder.visits].filter(([, visit]) => !visit.isWatched());
      if (left === undefined) return refusal(503, "TOO_MANY", "too many namespaces are open", "close some pages");
      left[1].end();
      holder.visits.delete(left[0]);
    }
    const opened = ports.open(holder.token, holder.user, scope);
    holder.visits.set(scope, opened);
    return opened.visit;
  }

  return {
    personOf(token) {
      const holder = holders.get(keyOf(token));
      return holder && personOfHolder(holder);
    },
    async enter(token, scope) {
      if (isClosed) return FULL;
      const key = keyOf(token);
      const known = holders.get(key);
      if (known === undefined || isOld(known)) {
        const refused = await check(key, token);
        if (refused !== undefined) return refused;
      }
      const holder = holders.get(key);
      if (holder === undefined) return FULL;
      holder.usedMs = now();
      return visitOf(holder, scope);
    },
    sweep() {
      for (const holder of [...holders.values()]) {
        if (isWatched(holder)) {
          if (isOld(holder)) void check(holder.key, holder.token);
        } else if (now() - holder.usedMs >= IDLE_MS) leave(holder);
      }
    },
    close() {
      isClosed = true;
      for (const holder of [...holders.values()]) leave(holder);
    },
  };
}
