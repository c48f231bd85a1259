/** Reads a backend Secret from the folder where the kubelet put it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Path } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { SecretView } from "./backend.ts";

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/**
 * @param name name of the Secret, also of its folder
 * @throws UserError SECRET_MISSING when there is no Secret, SECRET_INVALID when it can't be read
 */
export function gatherSecret(name: string | undefined, root: string = Path.Secrets): SecretView {
  if (name === undefined || name === "") {
    throw new UserError("BACKEND_INVALID", "the Repository names no storageSecretName");
  }
  const folder = join(root, name);
  const values = new Map<string, string>();
  try {
    for (const key of readdirSync(folder)) {
      // `..data` and its like are the kubelet's own.
      if (!key.startsWith("..")) values.set(key, readFileSync(join(folder, key), "utf8"));
    }
  } catch (cause) {
    if (!hasCode(cause, "ENOENT")) {
      throw new UserError("SECRET_INVALID", `Secret ${name} can't be read from ${folder}`, {
        cause,
        next: "Let the container's user read the files of the Secret's volume.",
      });
    }
  }
  if (values.size === 0) throw new UserError("SECRET_MISSING", `Secret ${name} is not there (${folder} is empty)`);
  return { name, folder, values };
}
