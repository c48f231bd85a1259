/**
 * What restic's words mean. It hands on what a store says, and each kind of store has words of its own; where it hands on no
 * words, as for questions without an answer's body, there is a status in numbers. Pure.
 */
import type { ErrorCode } from "../../shared/errors.ts";

interface WordRule {
  readonly code: ErrorCode;
  readonly words: RegExp;
}

/** A store that has too much to do, or is not itself for the moment. */
const BUSY =
  /reduce (your|the) (request )?rate|slow ?down|too many requests|(server|service) (is )?(temporarily |currently )?(unavailable|busy|unable to handle)|rate ?limit ?exceeded|exceeded the rate limit|operation ?timed ?out|not be completed within the specified time|read from or written to within the timeout|internal (server )?error|server not initialized|no tomes available|\bis too busy\b|please (try again|retry)/i;

const NO_SPACE =
  /no space left on device|quota ?exceeded|exceeded (its|the) [\w ]*quota|quota [\w ]*(has been )?exceeded|insufficient storage|XMinioStorageFull|minimum free drive threshold|\bcap exceeded|maximum repository size exceeded/i;

const REFUSED =
  /access ?denied|accessdisabled|access to this object has been disabled|invalidaccesskeyid|signaturedoesnotmatch|request signature we calculated|authorizationheadermalformed|authorization header is malformed|access key id you provided|token (provided |has |is )*(expired|malformed|invalid)|provided token|authentication ?failed|failed to authenticate|authorizationfailure|not authorized|invalid_grant|invalid credentials|could not find default credentials|unauthorized|no valid credential|request time and the (current|server's) time is too large|problem with your \w+ account|billing account|account is disabled|not valid for the object's (storage class|access tier)|archived blob|does not have storage\.\w+\.\w+ access/i;

/**
 * First match wins, so what names a cause exactly stands before what may be a consequence of it. Only words that say so mean that
 * there is no repository: one that nobody could look at may be there, and is not to be made anew.
 */
const WORD_RULES: readonly WordRule[] = [
  { code: "REPOSITORY_WRONG_PASSWORD", words: /wrong password or no key found/i },
  {
    code: "REPOSITORY_LOCKED",
    words: /repository is already locked|unable to create lock in backend: .*already locked/i,
  },
  { code: "BACKEND_INVALID", words: /parsing repository location failed: invalid backend/i },
  { code: "NO_SPACE", words: NO_SPACE },
  {
    code: "BACKEND_CERTIFICATE",
    words:
      /x509:|certificate signed by unknown authority|certificate is not trusted|tls: failed to verify|certificate has expired/i,
  },
  {
    code: "BACKEND_UNREACHABLE",
    words:
      /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|connection reset by peer|TLS handshake timeout|server misbehaving|temporary failure in name resolution|context deadline exceeded|EOF while|": (unexpected )?EOF|server gave HTTP response to HTTPS client|http: server closed|connection closed by foreign host/i,
  },
  { code: "BACKEND_UNREACHABLE", words: BUSY },
  { code: "BACKEND_REFUSED", words: REFUSED },
  {
    code: "REPOSITORY_DAMAGED",
    words:
      /Load(?:Raw)?\(<(data|index|snapshot|key)\/[^>]*>.*(no such file or directory|does not exist|not found|(?:HTTP|response|status|StatusCode)\W{0,3}(?:code)?\W{0,3}404\b)|has zero size, invalid repository|ciphertext verification failed|invalid data returned|repository contains errors|LoadIndex returned errors|repository index is damaged|pack .* (not found|damaged)|pack [0-9a-f]+: (does not exist|unexpected file size)|file is too short|blob .* not found|tree .* not found|hash mismatch|config or key .* is damaged|config cannot be loaded|invalid character .* looking for|unsupported repository version|number of used blobs is larger/i,
  },
  { code: "REPOSITORY_READ_ONLY", words: /read-only file system/i },
  {
    code: "REPOSITORY_NOT_FOUND",
    words:
      /unable to open config file: .*(no such file or directory|does not exist|doesn't exist|not ?found|\b404\b)|repository does not exist/i,
  },
  { code: "REPOSITORY_READ_ONLY", words: /permission denied|operation not permitted/i },
  {
    code: "SNAPSHOT_NOT_FOUND",
    words:
      /no (matching )?snapshot(?!s were modified)|snapshot .* not found|no matching ID found|multiple IDs with prefix/i,
  },
  { code: "RESTIC_KILLED", words: /cannot allocate memory|out of memory|failed to reserve page|signal: killed/i },
];

/** A status in the frame that each of restic's client libraries puts around it. */
const STATUS =
  /unexpected HTTP response \((\d{3})\)|googleapi: Error (\d{3})\b|StatusCode=(\d{3})\b|RESPONSE (\d{3})\b|\bb2_\w+: (\d{3}):|\bStat: (\d{3}) [A-Z]|server response unexpected: (\d{3})\b|got HTTP response code (\d{3})\b|: (\d{3}) (?:Unauthorized|Forbidden|Bad Gateway|Service Unavailable|Gateway Timeout|Internal Server Error)\b/g;

function codeOfStatus(status: number): ErrorCode | undefined {
  if (status === 413 || status === 507) return "NO_SPACE";
  if (status === 408 || status === 425 || status === 429 || status >= 500) return "BACKEND_UNREACHABLE";
  return status >= 400 && status !== 404 ? "BACKEND_REFUSED" : undefined;
}

function statusesIn(words: string): readonly number[] {
  return [...words.matchAll(STATUS)].map((found) => Number(found.slice(1).find((group) => group !== undefined)));
}

/** The cause that restic's words tell; undefined when they tell none. */
export function codeOfWords(lines: readonly string[]): ErrorCode | undefined {
  const words = lines.join("\n");
  const byWords = WORD_RULES.find((rule) => rule.words.test(words))?.code;
  if (byWords !== undefined) return byWords;
  return statusesIn(words)
    .map(codeOfStatus)
    .find((code) => code !== undefined);
}

/** Of a file or of a store's own; what is gone, refused or full stays so for the next minutes. */
const LASTING =
  /disk quota exceeded|permission denied|read-only file system|operation not permitted|x509:|no such file or directory|does not exist|not found/i;
const LASTING_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 413, 507]);

/** Whether a reason for which restic tries again is one that no repetition cures. */
export function isLasting(why: string): boolean {
  if (BUSY.test(why)) return false;
  const isByWords = LASTING.test(why) || NO_SPACE.test(why) || REFUSED.test(why);
  return isByWords || statusesIn(why).some((status) => LASTING_STATUSES.has(status));
}
