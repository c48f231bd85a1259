/**
 * Removes one lock by its id, which restic itself can't: `restic unlock` goes by host name and process number, and
 * `--remove-all` would take locks of living processes. Each backend that offers a plain way to delete one object is served;
 * with the others the agent waits until restic's own rule is safe. A living owner writes a new lock with a new id each time it
 * refreshes, so an id that was reported is never its lock for more than five minutes.
 */
import { readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import type { RequestOptions } from "node:https";
import { join } from "node:path";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { RepositoryAccess } from "../restic/backend.ts";
import { signS3Delete } from "./s3-signature.ts";

const LOCK_ID = /^[0-9a-f]{64}$/;
const REQUEST_LIMIT_MS = 30_000;

/** Of an error, in XML. */
const MAX_BODY_LENGTH = 16 * 1024;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface DeleteRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

function flagValue(access: RepositoryAccess, flag: string): string | undefined {
  const at = access.flags.indexOf(flag);
  return at < 0 ? undefined : access.flags[at + 1];
}

/** Through the proxy, with the CA and the client certificate that restic uses. */
async function sendDelete({ url, headers }: DeleteRequest, access: RepositoryAccess): Promise<Answer> {
  const caFile = flagValue(access, "--cacert");
  const clientFile = flagValue(access, "--tls-client-cert");
  const client = clientFile === undefined ? undefined : readFileSync(clientFile);
  // Loaded when a lock is in the way: it takes a quarter of the time in which an agent starts.
  const { Agent, request: ask } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  const proxyEnv = { ...process.env, ...access.env };
  const options: RequestOptions = {
    method: "DELETE",
    headers,
    timeout: REQUEST_LIMIT_MS,
    agent: new Agent({ proxyEnv }),
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    ...(client !== undefined && { cert: client, key: client }),
    ...(access.flags.includes("--insecure-tls") && { rejectUnauthorized: false }),
  };
  return new Promise((resolve, reject) => {
    const request = ask(url, options, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        if (body.length < MAX_BODY_LENGTH) body += chunk.toString("utf8");
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.once("timeout", () => request.destroy(new Error("no answer in time")));
    request.once("error", reject);
    request.end();
  });
}

/** Address of the lock in a REST server; user and password go into a header. */
export function restDelete(repository: string, id: string): DeleteRequest {
  const url = new URL(repository.slice("rest:".length));
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/locks/${id}`;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    url,
    headers: username === "" ? {} : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
  };
}

/**
 * Address of the lock in an S3 bucket, signed.
 *
 * @param region of the bucket, where the store has told it; else as it is set
 * @returns undefined without keys: those of a role are restic's own matter
 */
export function s3Delete(access: RepositoryAccess, id: string, now: Date, region?: string): DeleteRequest | undefined {
  const { env } = access;
  const accessKey = env["AWS_ACCESS_KEY_ID"];
  const secretKey = env["AWS_SECRET_ACCESS_KEY"];
  if (accessKey === undefined || secretKey === undefined) return undefined;
  const address = (env["RESTIC_REPOSITORY"] ?? "").slice("s3:".length);
  const url = new URL(/^https?:\/\//.test(address) ? address : `https://${address}`);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/locks/${id}`;
  const sessionToken = env["AWS_SESSION_TOKEN"];
  const keys = { accessKey, secretKey, ...(sessionToken !== undefined && { sessionToken }) };
  const signedFor = region ?? (env["AWS_DEFAULT_REGION"] || process.env["AWS_DEFAULT_REGION"] || "us-east-1");
  return { url, headers: signS3Delete(url, { ...keys, region: signedFor }, now) };
}

function buildDelete(access: RepositoryAccess, id: string, now: Date, region?: string): DeleteRequest | undefined {
  if (access.provider === "rest") return restDelete(access.env["RESTIC_REPOSITORY"] ?? "", id);
  if (access.provider === "s3") return s3Delete(access, id, now, region);
  return undefined;
}

/** S3 refuses what is signed for another region, and names the bucket's own: in a header, and other stores in the text alone. */
function bucketRegion({ headers, body }: Answer): string | undefined {
  const region = headers["x-amz-bucket-region"];
  if (typeof region === "string") return region;
  return /<Region>([\w-]+)<\/Region>/.exec(body)?.[1] ?? /expecting '([\w-]+)'/.exec(body)?.[1];
}

/**
 * Removes the lock. A lock that is gone already counts as removed.
 *
 * @returns false when the backend offers no plain way
 * @throws UserError BACKEND_REFUSED or BACKEND_UNREACHABLE
 */
export async function removeLock(access: RepositoryAccess, id: string, now: Date): Promise<boolean> {
  if (!LOCK_ID.test(id)) throw new UserError("INVALID_OBJECT", `${JSON.stringify(id)} is no id of a lock`);
  if (access.localFolder !== undefined) {
    rmSync(join(access.localFolder, "locks", id), { force: true });
    return true;
  }
  const request = buildDelete(access, id, now);
  if (request === undefined) return false;
  let status = 0;
  try {
    const answer = await sendDelete(request, access);
    const region = answer.status === 204 ? undefined : bucketRegion(answer);
    const again = region === undefined ? undefined : buildDelete(access, id, now, region);
    status = (again === undefined ? answer : await sendDelete(again, access)).status;
  } catch (cause) {
    throw new UserError("BACKEND_UNREACHABLE", `lock ${id.slice(0, 8)} could not be removed: ${messageOf(cause)}`, {
      cause,
    });
  }
  if ((status >= 200 && status < 300) || status === 404) return true;
  throw new UserError("BACKEND_REFUSED", `the backend answered ${status} to the removal of lock ${id.slice(0, 8)}`);
}
