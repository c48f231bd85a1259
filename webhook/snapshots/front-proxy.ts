/**
 * The API server in front of the Snapshot API: by which certificate it is known, and in which headers it says for whom it asks. It
 * publishes both in a ConfigMap.
 */
import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { canonicalJson } from "../../shared/hash.ts";
import { parseJson, textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { CONFIG_MAPS } from "../../shared/kube/resources.ts";
import type { UserFacts } from "../review.ts";

const NAMESPACE = "kube-system";
const NAME = "extension-apiserver-authentication";
const POLL_MS = 30_000;
/** Ten minutes of looks: an authority that was replaced since its key was stolen must not stay good because nobody can read that. */
const FORGET_MS = 600_000;
const TIMEOUT_MS = 5_000;

export interface FrontProxy {
  /** PEM text of the authority of its certificate. */
  readonly pem: string;
  /** Common names that it may carry; any when there are none. */
  readonly names: readonly string[];
  /** Names of headers in lower case, in order of precedence. */
  readonly userHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

/** @returns why it can't be used */
export function parseFrontProxy(configMap: unknown): FrontProxy | string {
  const dataAt = (key: string) => textAt(configMap, "data", `requestheader-${key}`);
  const listOf = (key: string): readonly string[] => {
    const list: unknown = parseJson(dataAt(key) ?? "[]");
    return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
  };
  const headersOf = (key: string) => listOf(key).map((name) => name.toLowerCase());
  const pem = dataAt("client-ca-file") ?? "";
  try {
    new X509Certificate(pem);
  } catch {
    return "it names no authority of the front proxy";
  }
  const userHeaders = headersOf("username-headers");
  if (userHeaders.length === 0) return "it names no header of the user";
  // A list that can't be read would let every name in.
  if (!Array.isArray(parseJson(dataAt("allowed-names") ?? "[]"))) return "its names can't be read";
  return {
    pem,
    names: listOf("allowed-names"),
    userHeaders,
    groupHeaders: headersOf("group-headers"),
    uidHeaders: headersOf("uid-headers"),
    extraPrefixes: headersOf("extra-headers-prefix"),
  };
}

export interface FrontProxyWatch {
  stop(): void;
}

export interface FrontProxyOptions {
  readonly pollMs?: number;
  /** How long what was read holds while it can't be read again. */
  readonly forgetMs?: number;
}

/** Reads it now and again until stopped. What can't be read is reported, and what was known stays for a while. */
export function watchFrontProxy(
  client: Pick<KubeClient, "find">,
  handlers: {
    readonly onChange: (frontProxy: FrontProxy | undefined) => void;
    readonly onProblem: (why: string | Error) => void;
  },
  { pollMs = POLL_MS, forgetMs = FORGET_MS }: FrontProxyOptions = {},
): FrontProxyWatch {
  const ending = new AbortController();
  let known: string | undefined;
  let readMs = performance.now();
  function keep(frontProxy: FrontProxy | undefined): void {
    const text = canonicalJson(frontProxy ?? null);
    if (text === known) return;
    known = text;
    handlers.onChange(frontProxy);
  }
  async function look(): Promise<void> {
    const options = { timeoutMs: TIMEOUT_MS, signal: ending.signal };
    const found = parseFrontProxy(await client.find(CONFIG_MAPS, NAMESPACE, NAME, asIs, options));
    if (ending.signal.aborted) return;
    readMs = performance.now();
    if (typeof found === "string") handlers.onProblem(`ConfigMap ${NAMESPACE}/${NAME}: ${found}`);
    keep(typeof found === "string" ? undefined : found);
  }
  const tell = (error: unknown): void => {
    if (ending.signal.aborted) return;
    handlers.onProblem(error instanceof Error ? error : String(error));
    if (performance.now() - readMs > forgetMs) keep(undefined);
  };
  look().catch(tell);
  const timer = setInterval(() => look().catch(tell), pollMs);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      ending.abort();
    },
  };
}

/** A header's bytes are UTF-8, and node reads each as a character of its own. */
function decode(value: string): string {
  return Buffer.from(value, "latin1").toString("utf8");
}

function valuesOf({ headersDistinct }: Pick<IncomingMessage, "headersDistinct">, name: string): readonly string[] {
  return (headersDistinct[name] ?? []).map(decode);
}

function firstOf(request: Pick<IncomingMessage, "headersDistinct">, names: readonly string[]): string {
  return names.flatMap((name) => valuesOf(request, name)).find((value) => value !== "") ?? "";
}

/** Keys come escaped, since a header's name holds few characters. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** For whom the front proxy asks. @returns undefined where it names nobody */
export function readCaller(
  request: Pick<IncomingMessage, "headersDistinct">,
  { userHeaders, groupHeaders, uidHeaders, extraPrefixes }: FrontProxy,
): UserFacts | undefined {
  const username = firstOf(request, userHeaders);
  if (username === "") return undefined;
  const extra = Object.keys(request.headersDistinct).flatMap((name) => {
    const prefix = extraPrefixes.find((one) => name.startsWith(one));
    return prefix === undefined ? [] : [[unescapeKey(name.slice(prefix.length)), valuesOf(request, name)] as const];
  });
  return {
    username,
    uid: firstOf(request, uidHeaders),
    groups: groupHeaders.flatMap((name) => valuesOf(request, name)),
    extra: Object.fromEntries(extra),
  };
}
