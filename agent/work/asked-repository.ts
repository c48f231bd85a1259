/** restic on the Repository that a person asked for, whose Secret is mounted. */
import { parseResolvedRepository } from "../../shared/api/backend.ts";
import { Env, Path } from "../../shared/contract.ts";
import type { Environment } from "../../shared/environment.ts";
import { UserError } from "../../shared/errors.ts";
import { parseJson } from "../../shared/json/value.ts";
import { secretNameBeside } from "../../shared/repository/backend-secret.ts";
import { buildRepositoryAccess } from "../restic/backend.ts";
import { createRestic, type Restic } from "../restic/client.ts";
import { keepApart } from "../restic/foreign-secret.ts";
import { gatherMemoryLimit } from "../restic/memory.ts";
import { gatherSecret } from "../restic/secret.ts";

export interface AskedPlaces {
  readonly env: Environment;
  /** The Repository as JSON, where the environment does not name it. */
  readonly repository?: string | undefined;
  readonly secretsRoot?: string;
  readonly scratch?: string;
}

/** @throws UserError CONFIGURATION_INVALID, BACKEND_INVALID, SECRET_MISSING or SECRET_INVALID */
export function openAskedRepository({ env, repository, secretsRoot, scratch = Path.Scratch }: AskedPlaces): Restic {
  const text = repository ?? env[Env.Repository];
  if (!text) throw new UserError("CONFIGURATION_INVALID", `${Env.Repository} names no Repository`);
  const { backend, namespace: home } = parseResolvedRepository(parseJson(text));
  if (backend === undefined) throw new UserError("BACKEND_INVALID", "the Repository names no backend");
  const name = backend.storageSecretName;
  const here = env[Env.PodNamespace] || home;
  const found = gatherSecret(name && home && here ? secretNameBeside(name, home, here) : name, secretsRoot);
  const secret = home === here ? found : keepApart(found, scratch);
  return createRestic({
    access: buildRepositoryAccess(backend, secret),
    env,
    scratch,
    isCacheEnabled: true,
    memoryLimitBytes: gatherMemoryLimit(),
  });
}
