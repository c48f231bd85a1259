/** What a control plane's API server was asked, from its audit log: requests that it refused for lack of rights. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseJson, textAt, valueAt } from "../../../shared/json/value.ts";

/** Every request when it has been answered, without bodies. */
const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
  - level: Metadata
`;

/** 401: the API server does not know who asks; 403: it knows, and refuses. */
const REFUSALS = [401, 403];

export interface Audit {
  readonly flags: readonly string[];
  /** Requests of ServiceAccounts whose name matches that were refused, one line each: who, verb, path. */
  refused(user: RegExp): Promise<readonly string[]>;
  /** Number of requests of ServiceAccounts whose name matches. */
  count(user: RegExp): Promise<number>;
}

/** @param dir folder that exists, for the policy and the log */
export async function prepareAudit(dir: string): Promise<Audit> {
  const policyPath = join(dir, "audit-policy.yaml");
  const logPath = join(dir, "audit.log");
  await writeFile(policyPath, POLICY);
  const read = async (user: RegExp): Promise<readonly unknown[]> => {
    const lines = (await readFile(logPath, "utf8")).split("\n").filter(Boolean);
    return lines.map((line) => parseJson(line)).filter((event) => user.test(textAt(event, "user", "username") ?? ""));
  };
  return {
    flags: [`--audit-policy-file=${policyPath}`, `--audit-log-path=${logPath}`],
    refused: async (user) => [...new Set((await read(user)).filter(isRefused).map(formatEvent))],
    count: async (user) => (await read(user)).length,
  };
}

function isRefused(event: unknown): boolean {
  return REFUSALS.includes(Number(valueAt(event, "responseStatus", "code")));
}

function formatEvent(event: unknown): string {
  return `${textAt(event, "user", "username")} ${textAt(event, "verb")} ${textAt(event, "requestURI")}`;
}
