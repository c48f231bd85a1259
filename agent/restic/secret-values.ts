/**
 * Whether the values of a backend Secret can be right at all. restic tells what is wrong with a value by what the store or a
 * library makes of it, and never by its key. Pure.
 */

/** Keys whose values are files: lines are their matter. */
export const FILE_KEYS = {
  ca: "CA_CERT_DATA",
  clientCertificate: "TLS_CLIENT_CERT_DATA",
  gcsKey: "GOOGLE_SERVICE_ACCOUNT_JSON_KEY",
} as const;

export const PASSWORD_KEY = "RESTIC_PASSWORD";

type Values = ReadonlyMap<string, string>;
type Problem = string | undefined;

/** None of these is in anything that a header, an address or a variable for a store may hold. */
const CONTROL = /\p{Cc}/u;
const ENDS_IN_BREAK = /[\r\n]+$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

function problemOfLine(value: string): Problem {
  if (ENDS_IN_BREAK.test(value)) return "ends in a line break";
  if (CONTROL.test(value)) return "holds a line break or another control character";
  return value !== value.trim() ? "begins or ends with a blank" : undefined;
}

/** Whoever chose a password may have ended it with a blank. One of blanks alone comes of a mistake. */
function problemOfPassword(value: string): Problem {
  if (ENDS_IN_BREAK.test(value)) return "ends in a line break";
  if (CONTROL.test(value)) return "holds a control character";
  return value.trim() === "" ? "is blank" : undefined;
}

/** Names that stores give: what stands around them is never meant. */
const TRIMMED: ReadonlySet<string> = new Set(["GOOGLE_PROJECT_ID"]);

/** The value as restic gets it. */
export function valueFor(key: string, value: string): string {
  return TRIMMED.has(key) ? value.trim() : value;
}

function problemOfPem(value: string, kinds: readonly RegExp[]): Problem {
  return kinds.every((kind) => kind.test(value)) ? undefined : "is no PEM text of what it is named for";
}

const CERTIFICATE = /-----BEGIN (TRUSTED )?CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/;

function problemOfJson(value: string): Problem {
  try {
    const key: unknown = JSON.parse(value);
    return typeof key === "object" && key !== null && "type" in key ? undefined : "is no key of a service account";
  } catch {
    return "is no JSON";
  }
}

/** What each key may hold, where that is more than one line without blanks at its ends. */
const FORMS: Readonly<Record<string, (value: string) => Problem>> = {
  [FILE_KEYS.ca]: (value) => problemOfPem(value, [CERTIFICATE]),
  [FILE_KEYS.clientCertificate]: (value) => problemOfPem(value, [CERTIFICATE, PRIVATE_KEY]),
  [FILE_KEYS.gcsKey]: problemOfJson,
  [PASSWORD_KEY]: (value) => (value.includes("\0") ? "holds a zero byte" : undefined),
  AZURE_ACCOUNT_KEY: (value) => problemOfLine(value) ?? (BASE64.test(value) ? undefined : "is no base64"),
  REST_SERVER_PASSWORD: problemOfPassword,
  OS_PASSWORD: problemOfPassword,
  ST_KEY: problemOfPassword,
};

/**
 * @param keys those that count for the backend
 * @returns one phrase for each value that can't be right, with its key
 */
export function secretProblems(values: Values, keys: readonly string[]): readonly string[] {
  return keys.flatMap((key) => {
    const value = values.get(key);
    if (value === undefined || value === "") return [];
    const problem = (FORMS[key] ?? problemOfLine)(valueFor(key, value));
    return problem === undefined ? [] : [`${key} ${problem}`];
  });
}

/** Whether the value is there: one of line breaks alone comes of an empty input. */
export function isGiven(values: Values, key: string): boolean {
  return (values.get(key) ?? "").replace(/[\r\n]/g, "") !== "";
}

/** What is taken as it is, and is seldom meant so. */
export function secretWarnings(name: string, values: Values): readonly string[] {
  if (!ENDS_IN_BREAK.test(values.get(PASSWORD_KEY) ?? "")) return [];
  return [
    `${PASSWORD_KEY} of Secret ${name} ends in a line break, which is part of the password: whoever opens the repository elsewhere has to type it too`,
  ];
}
