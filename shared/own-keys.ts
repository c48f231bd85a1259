/** Labels and annotations that users give to what is made for them. Keys of our own domain say something to us, so users' are dropped. Pure. */
import { STASH_GROUP } from "./contract.ts";

/** Whether a label's or annotation's key belongs to our domain or one below it. */
export function isOwnKey(key: string): boolean {
  const [domain = ""] = key.toLowerCase().split("/");
  return key.includes("/") && (domain === STASH_GROUP || domain.endsWith(`.${STASH_GROUP}`));
}

/** The same map without keys of our domain. */
export function withoutOwnKeys(given: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([key]) => !isOwnKey(key)));
}
