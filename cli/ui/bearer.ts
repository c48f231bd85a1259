/** The token that a proxy passes on with a request. Pure. */
import { numberAt, parseJson } from "../../shared/json/value.ts";

/** Tokens with the groups of large companies; what is longer, the head of a request has hardly room for. */
const MOST_LENGTH = 12_000;
/** RFC 6750. Whatever else is in it could end the header that it is sent on in. */
const BEARER = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The token of a request's Authorization headers.
 *
 * @param values as they came: of two, the proxy and we could mean one each
 * @returns undefined where there is none, more than one, or one that can be none
 */
export function readBearer(values: readonly string[] | undefined): string | undefined {
  const [value = "", ...others] = values ?? [];
  if (others.length > 0 || value.length > MOST_LENGTH) return undefined;
  return BEARER.exec(value)?.[1];
}

/**
 * When the token ends by its own word, in milliseconds. Nothing is granted by it: whether a token is good the API server alone knows.
 *
 * @returns undefined for one that does not tell
 */
export function expiryOf(token: string): number | undefined {
  const [, claims, signature, ...others] = token.split(".");
  if (claims === undefined || signature === undefined || others.length > 0) return undefined;
  const seconds = numberAt(parseJson(Buffer.from(claims, "base64url").toString("utf8")), "exp");
  return seconds === undefined ? undefined : seconds * 1_000;
}
