/**
 * The Secret of a Repository of another namespace. Its owner says how the store is reached, and nobody lets him into the container for that: no
 * value of his may make restic read a file that is here, such as the token of the application's ServiceAccount, and send it where he likes.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject, parseJson } from "../../shared/json/value.ts";
import type { SecretView } from "./backend.ts";
import { FILE_KEYS } from "./secret-values.ts";

/** Keys whose value is the path of a file whose content restic sends away. */
const READING_KEYS: readonly string[] = ["AWS_WEB_IDENTITY_TOKEN_FILE"];
/** Keys of Google that are whole by themselves. Those of the other types name files, addresses or programs from which the rest comes. */
const WHOLE_KEYS: readonly unknown[] = ["service_account", "authorized_user"];

/** Go takes a field by its name in whatever case, and of several the last. */
function isWhole(key: string): boolean {
  const read = parseJson(key);
  const types = Object.entries(isJsonObject(read) ? read : {}).filter(([name]) => name.toLowerCase() === "type");
  return types.length > 0 && types.every(([, type]) => WHOLE_KEYS.includes(type));
}

function problemsOf({ values }: SecretView): readonly string[] {
  const key = values.get(FILE_KEYS.gcsKey);
  return [
    ...READING_KEYS.filter((name) => values.has(name)).map((name) => `${name} names a file`),
    ...(key === undefined || isWhole(key) ? [] : [`${FILE_KEYS.gcsKey} is not ${WHOLE_KEYS.join(" or ")}`]),
  ];
}

/**
 * The Secret with copies of its files: what was looked at stays as it was, whatever its owner writes there meanwhile.
 *
 * @param scratch folder that no other container has
 * @throws UserError SECRET_INVALID naming the keys; CONFIGURATION_INVALID when the folder can't be written
 */
export function keepApart(secret: SecretView, scratch: string): SecretView {
  const problems = problemsOf(secret);
  if (problems.length > 0) {
    const what = `Secret ${secret.name} is that of a Repository of another namespace, and ${problems.join("; ")}`;
    throw new UserError("SECRET_INVALID", what, {
      next: "Let the Repository's owner put the credentials themselves into the Secret.",
    });
  }
  // Steps of a job may run as several users.
  const folder = join(scratch, `secrets-${process.geteuid?.() ?? 0}`, secret.name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const key of Object.values(FILE_KEYS)) {
      const value = secret.values.get(key);
      if (value !== undefined) writeWhole(join(folder, key), value);
    }
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", `the scratch folder ${scratch} can't be written`, { cause });
  }
  return { ...secret, folder };
}

/** Another restic may be reading it. */
function writeWhole(path: string, text: string): void {
  const part = `${path}.${process.pid}`;
  writeFileSync(part, text, { mode: 0o600 });
  renameSync(part, path);
}
