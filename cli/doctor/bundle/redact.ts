/**
 * An object without what may be secret. Secrets themselves are never read; but people write passwords into commands, headers, variables,
 * parameters and addresses. Pure.
 */
import { isJsonObject } from "../../../shared/json/value.ts";
import { isOwnKey } from "../../../shared/own-keys.ts";

const REDACTED = "(left out)";

/** Fields of any object whose whole content is left out. */
const HIDDEN: ReadonlySet<string> = new Set([
  "command",
  "args",
  "body",
  "form",
  "output",
  "stdout",
  "stderr",
  "data",
  "stringData",
  "binaryData",
  "parameters",
  "secretTransforms",
  "caBundle",
  "managedFields",
  // What drills ask an application's data, and what it answers.
  "queries",
  // Of a Service's address.
  "query",
]);

/** Of a request of a hook: an address that whoever knows it may call, as those of chats are. */
const REQUESTS: ReadonlySet<string> = new Set(["httpGet", "httpPost"]);

const PATHLESS = { path: REDACTED } as const;

/** Lists of names and values, whose values are left out. */
const NAMED_VALUES: ReadonlySet<string> = new Set(["env", "params", "httpHeaders", "headers"]);

/** To the last @ before the path: a password may hold one. */
const USER_IN_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/"']*@/gi;
/** Also without a scheme, as MySQL's drivers have it: `user:password@tcp(host:3306)/name`. */
const USER_OF_DRIVER = /[^\s:@/"']+:[^\s"']*@(?=(tcp|udp|unix)\d?\()/gi;
const QUERY_OF_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s?"']*\?)[^\s"']+/gi;

/** Keeps the shape, so that people see what there was. */
export function redact(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (!isJsonObject(value)) return value;
  const told = quotesAnswer(value) ? { ...value, ...("path" in value && PATHLESS), message: REDACTED } : value;
  return Object.fromEntries(Object.entries(told).flatMap(([key, field]) => redactField(key, field)));
}

/** What is said of a statement whose answer was another one quotes both. */
function quotesAnswer({ code, reason }: Readonly<Record<string, unknown>>): boolean {
  return code === "QUERY_FAILED" || reason === "QUERY_FAILED";
}

function redactField(key: string, field: unknown): readonly (readonly [string, unknown])[] {
  if (key === "managedFields") return [];
  if (HIDDEN.has(key)) return [[key, REDACTED]];
  if (key === "url" && typeof field === "string") return [[key, redactAddress(field)]];
  if (REQUESTS.has(key) && isJsonObject(field)) return [[key, redact({ ...field, ...("path" in field && PATHLESS) })]];
  if (key === "annotations" && isJsonObject(field)) return [[key, redactAnnotations(field)]];
  if (NAMED_VALUES.has(key) && Array.isArray(field)) return [[key, field.map(withoutValue)]];
  return [[key, redact(field)]];
}

function withoutValue(entry: unknown): unknown {
  if (!isJsonObject(entry)) return REDACTED;
  const kept = Object.entries(entry).filter(([key]) => key !== "value" && key !== "values");
  return Object.fromEntries([...kept, ["value", REDACTED]].map(([key, field]) => [String(key), redact(field)]));
}

/** Those of others may hold a whole object, as kubectl's does; those with parameters hold what a hook may be told. */
function redactAnnotations(annotations: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => {
      const isKept = isOwnKey(key) && !key.startsWith("params.");
      return [key, isKept ? redact(value) : REDACTED];
    }),
  );
}

/** A text, such as a line of a log, without names, passwords and queries in addresses. */
export function redactText(text: string): string {
  return text
    .replace(USER_IN_ADDRESS, `$1${REDACTED}@`)
    .replace(USER_OF_DRIVER, `${REDACTED}@`)
    .replace(QUERY_OF_ADDRESS, `$1${REDACTED}`);
}

/** A text that is an address alone: whatever its form, who asks stands before the last @. */
function redactAddress(text: string): string {
  return redactText(text).replace(/^(?:([a-z][a-z0-9+.-]*:\/\/)?).*@/i, `$1${REDACTED}@`);
}
