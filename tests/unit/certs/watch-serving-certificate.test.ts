import { expect, test } from "vitest";
import { watchServingCertificate } from "../../../certs/watch-serving-certificate.ts";
import type { WatchOptions } from "../../../shared/kube/client/interface.ts";
import { whatToDo } from "../../../webhook/certificates.ts";

/** A namespace in which nobody makes the Secret. */
const empty = {
  async *listPages() {
    yield { items: [], resourceVersion: "1", next: undefined };
  },
  async *watch(_resource: unknown, _namespace: unknown, { signal }: WatchOptions) {
    await new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    yield* [];
  },
};

test.each([
  [
    "cert-manager",
    /see that cert-manager is installed.*kubectl -n backups describe certificates.*apply manifests\/base/,
  ],
  ["own", /log of the replica that holds the certificates' Lease/],
] as const)("a certificate that does not come is told with what to do: %s", async (mode, next) => {
  const secret = { namespace: "backups", name: "stash-batch-serving-cert" };
  const waited = watchServingCertificate({
    client: empty,
    secret,
    onChange: () => undefined,
    onProblem: () => undefined,
    firstWithinMs: 20,
    next: whatToDo({ kind: "secret", namespace: "backups", mode }),
  });
  await expect(waited).rejects.toMatchObject({
    code: "SECRET_MISSING",
    message: "Secret backups/stash-batch-serving-cert held no serving certificate for 20 ms",
    next: expect.stringMatching(next),
  });
});
