/** Waits until a database accepts the credentials. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../shared/environment.ts";
import { UserError } from "../../shared/errors.ts";
import { withoutSecrets } from "../restic/fault.ts";
import type { Database } from "./database.ts";
import { runDatabaseProgram } from "./run-program.ts";

const POLL_MS = 2_000;
/** One try, with all its name look-ups. */
const PROBE_LIMIT_MS = 20_000;

/**
 * Asks until the database answers or the wait is over.
 *
 * @throws UserError APP_REFUSED at once, APP_UNREACHABLE at the end, both in the client program's words
 */
export async function awaitDatabase(
  database: Database,
  ports: { readonly env: Environment; readonly signal: AbortSignal; onWait(words: string): void },
): Promise<void> {
  const { plan, address } = database;
  const until = performance.now() + database.waitTimeoutMs;
  const where = `${address.host}${address.port === undefined ? "" : `:${address.port}`}`;
  for (;;) {
    ports.signal.throwIfAborted();
    const exit = await runDatabaseProgram(plan.probe, {
      env: ports.env,
      signal: ports.signal,
      timeLimitMs: PROBE_LIMIT_MS,
    });
    const words = withoutSecrets(exit.words, database.secrets);
    const answer = database.readProbe(exit.code, exit.words);
    if (answer === "ready") return;
    if (answer === "refused") throw new UserError("APP_REFUSED", `${where} refused ${database.username}: ${words}`);
    if (performance.now() >= until) {
      throw new UserError("APP_UNREACHABLE", `${where} was not ready in time: ${words}`);
    }
    ports.onWait(words);
    await sleep(POLL_MS, undefined, { signal: ports.signal });
  }
}
