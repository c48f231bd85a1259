/** Who may look: whoever opened the address once, and keeps the cookie that it gave. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

export interface SignIn {
  /** Part of the address; good once. */
  readonly token: string;
  /** Folder of all paths, so that the cookie reaches no other server of this machine: cookies know no ports. */
  readonly base: string;
  /** The cookie's value for the token; undefined for one that is wrong, was used, or is too old. */
  redeem(token: string, nowMs: number): string | undefined;
  /** Whether the header holds the cookie. */
  knows(cookieHeader: string | undefined): boolean;
  /** The header that sets the cookie. */
  cookie(value: string): string;
}

/** Time enough to start a browser. */
export const TOKEN_LIFETIME_MS = 10 * 60_000;
const COOKIE = "stash-ui";
const SECRET_BYTES = 32;
const FOLDER_BYTES = 9;

const secret = (bytes: number) => randomBytes(bytes).toString("base64url");

/** In a time that does not tell how much of it is right. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Makes new secrets. */
export function createSignIn(nowMs: number): SignIn {
  const token = secret(SECRET_BYTES);
  const session = secret(SECRET_BYTES);
  const base = `/${secret(FOLDER_BYTES)}/`;
  let isUsed = false;
  return {
    token,
    base,
    redeem(given, atMs) {
      if (!isSame(given, token) || isUsed || atMs - nowMs > TOKEN_LIFETIME_MS) return undefined;
      isUsed = true;
      return session;
    },
    knows(header = "") {
      const values = header.split(";").map((part) => part.trim());
      return values.some((part) => part.startsWith(`${COOKIE}=`) && isSame(part.slice(COOKIE.length + 1), session));
    },
    cookie: (value) => `${COOKIE}=${value}; Path=${base}; HttpOnly; SameSite=Strict`,
  };
}
