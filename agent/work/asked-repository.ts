/** restic on the Repository that a person asked for: the environment names it, and its Secret is mounted. */
import { parseResolvedRepository } from "../../shared/api/backend.ts";
import { Env, Path } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { parseJson } from "../../shared/kube/json-value.ts";
import { buildRepositoryAccess } from "../restic/backend.ts";
import { createRestic, type Environment, type Restic } from "../restic/client.ts";
import { gatherMemoryLimit } from "../restic/memory.ts";
import { gatherSecret } from "../restic/secret.ts";

export interface AskedPlaces {
  readonly env: Environment;
  readonly secretsRoot?: string;
  readonly scratch?: string;
}

/** @throws UserError CONFIGURATION_INVALID, BACKEND_INVALID, SECRET_MISSING or SECRET_INVALID */
export function openAskedRepository({ env, secretsRoot, scratch = Path.Scratch }: AskedPlaces): Restic {
  const text = env[Env.Repository];
  if (!text) throw new UserError("CONFIGURATION_INVALID", `${Env.Repository} names no Repository`);
  const { backend } = parseResolvedRepository(parseJson(text));
  if (backend === undefined) throw new UserError("BACKEND_INVALID", "the Repository names no backend");
  const secret = gatherSecret(backend.storageSecretName, secretsRoot);
  return createRestic({
    access: buildRepositoryAccess(backend, secret),
    env,
    scratch,
    isCacheEnabled: true,
    memoryLimitBytes: gatherMemoryLimit(),
  });
}
