/** What stores send when they refuse a request or can't serve it, in the form that each of them documents. */
import type { Backend } from "../../../shared/api/backend.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { StoreAnswer, StoreRequest } from "./answering-store.ts";

export type StoreKind = "S3" | "MinIO" | "GCS" | "Azure" | "B2" | "REST";

export interface StoreCase {
  readonly store: StoreKind;
  /** Status and name of the fault in the store's own list. */
  readonly fault: string;
  readonly code: ErrorCode;
  /** Where restic 0.14 tells it, and later ones ask in a way that has no words for an answer. */
  readonly oldestCode?: ErrorCode;
  /** Whether restic's own library asks again for minutes, and says nothing until then. */
  readonly isSilent?: true;
  /** Whether the store serves until something is written. */
  readonly isOnWrite?: true;
  answerTo(request: StoreRequest): StoreAnswer | undefined;
}

/** How restic reaches each kind of store. */
export interface StoreReach {
  readonly hosts: readonly string[];
  backend(url: string): Backend;
  readonly secret: Readonly<Record<string, string>>;
}

const S3_KEYS = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "example-secret-key" };
const AZURE_KEY = Buffer.from("an example of an account key").toString("base64");

export const REACH: Readonly<Record<StoreKind, StoreReach>> = {
  S3: {
    hosts: [],
    backend: (url) => ({ s3: { endpoint: url, bucket: "bucket", prefix: "p", region: "us-east-1" } }),
    secret: S3_KEYS,
  },
  MinIO: {
    hosts: [],
    backend: (url) => ({ s3: { endpoint: url, bucket: "bucket", prefix: "p", region: "us-east-1" } }),
    secret: S3_KEYS,
  },
  GCS: {
    hosts: ["storage.googleapis.com", "www.googleapis.com"],
    backend: () => ({ gcs: { bucket: "bucket", prefix: "p" } }),
    secret: { GOOGLE_PROJECT_ID: "project", GOOGLE_ACCESS_TOKEN: "example-access-token" },
  },
  Azure: {
    hosts: ["account.blob.core.windows.net"],
    backend: () => ({ azure: { container: "container", prefix: "p" } }),
    secret: { AZURE_ACCOUNT_NAME: "account", AZURE_ACCOUNT_KEY: AZURE_KEY },
  },
  B2: {
    hosts: ["api.backblazeb2.com", "api001.backblazeb2.com", "f001.backblazeb2.com"],
    backend: () => ({ b2: { bucket: "bucket", prefix: "p" } }),
    secret: { B2_ACCOUNT_ID: "0012345678", B2_ACCOUNT_KEY: "example-application-key" },
  },
  REST: {
    hosts: [],
    backend: (url) => ({ rest: { url: `${url}/p` } }),
    secret: { REST_SERVER_USERNAME: "user", REST_SERVER_PASSWORD: "example-password" },
  },
};

const XML = { "content-type": "application/xml" };
const JSON_TYPE = { "content-type": "application/json; charset=UTF-8" };

function s3(status: number, fault: string, message: string, code: ErrorCode, store: "S3" | "MinIO" = "S3"): StoreCase {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${fault}</Code><Message>${message}</Message><Resource>/bucket/p/config</Resource><RequestId>4442587FB7D0A2F9</RequestId></Error>`;
  return { store, fault: `${status} ${fault}`, code, answerTo: () => ({ status, headers: XML, body }) };
}

function gcs(status: number, reason: string, message: string, code: ErrorCode): StoreCase {
  const errors = [{ message, domain: "global", reason }];
  const body = JSON.stringify({ error: { code: status, message, errors } });
  return { store: "GCS", fault: `${status} ${reason}`, code, answerTo: () => ({ status, headers: JSON_TYPE, body }) };
}

function azure(status: number, fault: string, message: string, code: ErrorCode): StoreCase {
  const words = `${message}\nRequestId:0b1c8a9e-001e-0043-1b2c-5a1f4e000000\nTime:2026-11-29T20:00:00.0000000Z`;
  const body = `\uFEFF<?xml version="1.0" encoding="utf-8"?><Error><Code>${fault}</Code><Message>${words}</Message></Error>`;
  const headers = { ...XML, "x-ms-error-code": fault, "x-ms-version": "2020-10-02" };
  return { store: "Azure", fault: `${status} ${fault}`, code, answerTo: () => ({ status, headers, body }) };
}

const B2_ACCOUNT = {
  accountId: "0012345678",
  apiUrl: "https://api001.backblazeb2.com",
  downloadUrl: "https://f001.backblazeb2.com",
  authorizationToken: "example-token",
  absoluteMinimumPartSize: 5_000_000,
  minimumPartSize: 100_000_000,
  recommendedPartSize: 100_000_000,
  allowed: { capabilities: ["listBuckets", "readFiles", "writeFiles", "deleteFiles", "listFiles"] },
};
const B2_BUCKETS = {
  buckets: [
    {
      accountId: "0012345678",
      bucketId: "b1",
      bucketInfo: {},
      bucketName: "bucket",
      bucketType: "allPrivate",
      revision: 1,
    },
  ],
};

/** @param call the one that fails; those before it succeed */
function b2(call: string, status: number, fault: string, message: string, code: ErrorCode): StoreCase {
  const ok = (value: unknown): StoreAnswer => ({ status: 200, headers: JSON_TYPE, body: JSON.stringify(value) });
  return {
    store: "B2",
    fault: `${status} ${fault} at ${call}`,
    code,
    answerTo({ path }) {
      if (path.includes(call)) {
        return { status, headers: JSON_TYPE, body: JSON.stringify({ status, code: fault, message }) };
      }
      if (path.includes("b2_authorize_account")) return ok(B2_ACCOUNT);
      return ok(B2_BUCKETS);
    },
  };
}

/** Asked again by restic's library: only a limit ends that. */
function silent(one: StoreCase): StoreCase {
  return { ...one, code: "RESTIC_TIMEOUT", isSilent: true };
}

function rest(status: number, fault: string, code: ErrorCode): StoreCase {
  const headers = { "content-type": "text/plain; charset=utf-8" };
  return {
    store: "REST",
    fault: `${status} ${fault}`,
    code,
    answerTo: () => ({ status, headers, body: `${fault}\n` }),
  };
}

const EMPTY_LIST =
  '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>bucket</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>';
const GCS_NO_OBJECT = JSON.stringify({
  error: { code: 404, message: "No such object: bucket/p/config", errors: [{ domain: "global", reason: "notFound" }] },
});
const NOT_THERE: StoreAnswer = { status: 404 };

/** Stores that are empty, and serve until something is written. */
const EMPTY: Readonly<Record<StoreKind, (request: StoreRequest) => StoreAnswer | undefined>> = {
  S3: ({ method, path }) => {
    if (method === "HEAD") return path.endsWith("/config") ? NOT_THERE : { status: 200 };
    return method === "GET" ? { status: 200, headers: XML, body: EMPTY_LIST } : undefined;
  },
  MinIO: (request) => EMPTY.S3(request),
  GCS: ({ method, path }) => {
    if (method !== "GET") return undefined;
    if (path.includes("/o/")) return { status: 404, headers: JSON_TYPE, body: GCS_NO_OBJECT };
    const body = path.includes("/o?") ? { kind: "storage#objects" } : { kind: "storage#bucket", name: "bucket" };
    return { status: 200, headers: JSON_TYPE, body: JSON.stringify(body) };
  },
  Azure: ({ method }) => (method === "HEAD" ? NOT_THERE : method === "GET" ? { status: 200 } : undefined),
  B2: ({ path }) => {
    const body = path.includes("b2_authorize_account")
      ? B2_ACCOUNT
      : path.includes("b2_list_buckets")
        ? B2_BUCKETS
        : undefined;
    if (body !== undefined) return { status: 200, headers: JSON_TYPE, body: JSON.stringify(body) };
    if (path.includes("b2_list_file_names")) {
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ files: [], nextFileName: null }) };
    }
    return path.includes("/file/") ? NOT_THERE : undefined;
  },
  REST: ({ method, path }) => {
    if (path.includes("create=true")) return { status: 200 };
    return method === "HEAD" || method === "GET" ? NOT_THERE : undefined;
  },
};

function onWrite(one: StoreCase): StoreCase {
  return { ...one, isOnWrite: true, answerTo: (request) => EMPTY[one.store](request) ?? one.answerTo(request) };
}

/** The faults that answer the very first question, whether there is a repository. */
const LOOK_CASES: readonly StoreCase[] = [
  s3(403, "AccessDenied", "Access Denied", "BACKEND_REFUSED"),
  s3(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", "BACKEND_REFUSED"),
  s3(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    "BACKEND_REFUSED",
  ),
  s3(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    "BACKEND_REFUSED",
  ),
  s3(400, "ExpiredToken", "The provided token has expired.", "BACKEND_REFUSED"),
  s3(400, "InvalidToken", "The provided token is malformed or otherwise invalid.", "BACKEND_REFUSED"),
  s3(
    400,
    "AuthorizationHeaderMalformed",
    "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
    "BACKEND_REFUSED",
  ),
  s3(403, "AllAccessDisabled", "All access to this object has been disabled", "BACKEND_REFUSED"),
  s3(
    403,
    "AccountProblem",
    "There is a problem with your AWS account that prevents the operation from completing successfully.",
    "BACKEND_REFUSED",
  ),
  s3(403, "InvalidObjectState", "The operation is not valid for the object's storage class", "BACKEND_REFUSED"),
  s3(404, "NoSuchBucket", "The specified bucket does not exist", "REPOSITORY_NOT_FOUND"),
  s3(404, "NoSuchKey", "The specified key does not exist.", "REPOSITORY_NOT_FOUND"),
  s3(503, "SlowDown", "Please reduce your request rate.", "BACKEND_UNREACHABLE"),
  s3(503, "ServiceUnavailable", "Service is unable to handle request.", "BACKEND_UNREACHABLE"),
  s3(500, "InternalError", "We encountered an internal error. Please try again.", "BACKEND_UNREACHABLE"),
  s3(
    507,
    "XMinioStorageFull",
    "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.",
    "NO_SPACE",
    "MinIO",
  ),
  s3(
    503,
    "XMinioServerNotInitialized",
    "Server not initialized yet, please try again.",
    "BACKEND_UNREACHABLE",
    "MinIO",
  ),
  s3(
    503,
    "SlowDownRead",
    "Resource requested is unreadable, please reduce your request rate",
    "BACKEND_UNREACHABLE",
    "MinIO",
  ),
  gcs(401, "authError", "Invalid Credentials", "BACKEND_REFUSED"),
  gcs(
    403,
    "forbidden",
    "backup@project.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object. Permission 'storage.objects.get' denied on resource (or it may not exist).",
    "BACKEND_REFUSED",
  ),
  gcs(
    403,
    "accountDisabled",
    "The project to be billed is associated with an absent billing account.",
    "BACKEND_REFUSED",
  ),
  gcs(403, "rateLimitExceeded", "The rate of requests to this object is too high.", "BACKEND_UNREACHABLE"),
  silent(
    gcs(
      429,
      "rateLimitExceeded",
      "The object bucket/p/config exceeded the rate limit for object mutation operations.",
      "BACKEND_UNREACHABLE",
    ),
  ),
  gcs(403, "quotaExceeded", "The project exceeded its storage quota.", "NO_SPACE"),
  gcs(404, "notFound", "The specified bucket does not exist.", "REPOSITORY_NOT_FOUND"),
  silent(gcs(503, "backendError", "We encountered an internal error. Please try again.", "BACKEND_UNREACHABLE")),
  azure(
    403,
    "AuthenticationFailed",
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
    "BACKEND_REFUSED",
  ),
  azure(403, "AuthorizationFailure", "This request is not authorized to perform this operation.", "BACKEND_REFUSED"),
  azure(
    403,
    "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission.",
    "BACKEND_REFUSED",
  ),
  azure(403, "AccountIsDisabled", "The specified account is disabled.", "BACKEND_REFUSED"),
  azure(409, "BlobArchived", "This operation is not permitted on an archived blob.", "BACKEND_REFUSED"),
  azure(404, "ContainerNotFound", "The specified container does not exist.", "REPOSITORY_NOT_FOUND"),
  azure(404, "BlobNotFound", "The specified blob does not exist.", "REPOSITORY_NOT_FOUND"),
  silent(azure(503, "ServerBusy", "The server is busy.", "BACKEND_UNREACHABLE")),
  silent(
    azure(
      500,
      "OperationTimedOut",
      "Operation could not be completed within the specified time.",
      "BACKEND_UNREACHABLE",
    ),
  ),
  silent(
    azure(
      500,
      "InternalError",
      "The server encountered an internal error. Please retry the request.",
      "BACKEND_UNREACHABLE",
    ),
  ),
  b2("b2_authorize_account", 401, "unauthorized", "", "BACKEND_REFUSED"),
  silent(
    b2("b2_authorize_account", 503, "service_unavailable", "b2_authorize_account is too busy", "BACKEND_UNREACHABLE"),
  ),
  b2(
    "b2_list_buckets",
    401,
    "unauthorized",
    "unauthorized for application key with capabilities 'readFiles'",
    "BACKEND_REFUSED",
  ),
  {
    ...b2(
      "/file/",
      403,
      "download_cap_exceeded",
      "Cannot download file, download bandwidth or transaction (Class B) cap exceeded. See the Caps & Alerts page to increase your cap.",
      "BACKEND_REFUSED",
    ),
    oldestCode: "NO_SPACE",
  },
  silent(b2("/file/", 503, "service_unavailable", "no tomes available", "BACKEND_UNREACHABLE")),
  silent(b2("/file/", 429, "too_many_requests", "too many requests", "BACKEND_UNREACHABLE")),
  b2("/file/", 404, "not_found", "File with such name does not exist: bucket p/config", "REPOSITORY_NOT_FOUND"),
  rest(401, "Unauthorized", "BACKEND_REFUSED"),
  rest(403, "Forbidden", "BACKEND_REFUSED"),
  rest(404, "Not Found", "REPOSITORY_NOT_FOUND"),
  rest(500, "Internal Server Error", "BACKEND_UNREACHABLE"),
  rest(502, "Bad Gateway", "BACKEND_UNREACHABLE"),
  rest(503, "Service Unavailable", "BACKEND_UNREACHABLE"),
  rest(504, "Gateway Timeout", "BACKEND_UNREACHABLE"),
  rest(507, "Insufficient Storage", "NO_SPACE"),
  rest(413, "Request Entity Too Large", "NO_SPACE"),
];

/** The faults that come when something is written. */
const WRITE_CASES: readonly StoreCase[] = [
  s3(403, "AccessDenied", "Access Denied", "BACKEND_REFUSED"),
  s3(400, "ExpiredToken", "The provided token has expired.", "BACKEND_REFUSED"),
  s3(503, "SlowDown", "Please reduce your request rate.", "BACKEND_UNREACHABLE"),
  s3(
    400,
    "RequestTimeout",
    "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
    "BACKEND_UNREACHABLE",
  ),
  s3(403, "QuotaExceeded", "The quota set for the user has been exceeded.", "NO_SPACE"),
  s3(
    507,
    "XMinioStorageFull",
    "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.",
    "NO_SPACE",
    "MinIO",
  ),
  s3(400, "XMinioAdminBucketQuotaExceeded", "Bucket quota exceeded", "NO_SPACE", "MinIO"),
  gcs(
    403,
    "forbidden",
    "backup@project.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage object. Permission 'storage.objects.create' denied on resource (or it may not exist).",
    "BACKEND_REFUSED",
  ),
  gcs(
    403,
    "retentionPolicyNotMet",
    "Object 'bucket/p/config' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until 2027-01-01T00:00:00.0-00:00",
    "BACKEND_REFUSED",
  ),
  b2(
    "b2_get_upload_url",
    403,
    "storage_cap_exceeded",
    "Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap.",
    "NO_SPACE",
  ),
  rest(413, "Request Entity Too Large", "NO_SPACE"),
  rest(507, "Insufficient Storage", "NO_SPACE"),
  rest(403, "Forbidden", "BACKEND_REFUSED"),
  rest(500, "Internal Server Error", "BACKEND_UNREACHABLE"),
].map(onWrite);

/** Every fault, each answered to the question that restic asks first or to its first write. */
export const STORE_CASES: readonly StoreCase[] = [...LOOK_CASES, ...WRITE_CASES];

export function nameOfCase({ store, fault, isOnWrite }: StoreCase): string {
  return `${store} ${fault}${isOnWrite ? " on write" : ""}`;
}
