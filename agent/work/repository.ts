/** Opens the repository that a session or restore names. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ResolvedRepository } from "../../shared/api/backend.ts";
import { UserError } from "../../shared/errors.ts";
import { secretNameBeside } from "../../shared/repository/backend-secret.ts";
import { trackRestic } from "../locks/running-restic.ts";
import { buildRepositoryAccess } from "../restic/backend.ts";
import { createRestic, type Restic } from "../restic/client.ts";
import { keepApart } from "../restic/foreign-secret.ts";
import { gatherSecret } from "../restic/secret.ts";
import type { AgentSettings } from "../settings.ts";

/** The kubelet brings a Secret that appears later into a running pod within about a minute and a half. */
const SECRET_WAIT_MS = 120_000;
const SECRET_POLL_MS = 1_000;

export interface OpenOptions {
  readonly settings: AgentSettings;
  readonly isCacheEnabled: boolean;
  readonly signal: AbortSignal;
  readonly secretWaitMs?: number;
}

async function waitForSecret(name: string | undefined, options: OpenOptions) {
  const until = performance.now() + (options.secretWaitMs ?? SECRET_WAIT_MS);
  for (;;) {
    try {
      return gatherSecret(name, options.settings.secretsRoot);
    } catch (error) {
      const isMissing = error instanceof UserError && error.code === "SECRET_MISSING";
      if (!isMissing || performance.now() >= until || options.signal.aborted) throw error;
    }
    await sleep(SECRET_POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/**
 * restic on the repository that the status names.
 *
 * @throws UserError BACKEND_INVALID, SECRET_MISSING, SECRET_INVALID or CONFIGURATION_INVALID
 */
export async function openRepository(
  repository: ResolvedRepository | undefined,
  options: OpenOptions,
): Promise<Restic> {
  const { settings } = options;
  if (repository?.backend === undefined) {
    throw new UserError("BACKEND_INVALID", `Repository ${repository?.name ?? ""} has no backend in the status`);
  }
  const { namespace } = settings.pod;
  const { storageSecretName } = repository.backend;
  const home = repository.namespace ?? namespace;
  const secretName = storageSecretName && secretNameBeside(storageSecretName, home, namespace);
  const found = await waitForSecret(secretName, options);
  const secret = home === namespace ? found : keepApart(found, settings.scratch);
  return createRestic({
    access: buildRepositoryAccess(repository.backend, secret),
    env: settings.env,
    scratch: settings.scratch,
    isCacheEnabled: options.isCacheEnabled && settings.isCacheEnabled,
    memoryLimitBytes: settings.memoryLimitBytes,
    onStart: trackRestic(settings.scratch).add,
    onCacheFull: (bytes) =>
      settings.log.warn({ bytes }, "restic's cache takes too much of the scratch volume; it goes on without one"),
  });
}
