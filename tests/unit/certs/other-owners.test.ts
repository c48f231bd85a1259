/** A configuration of our name whose webhooks are somebody else's: it is told, and what he trusts is left alone. */
import { expect, test } from "vitest";
import { createOtherOwners } from "../../../certs/other-owners.ts";
import {
  hasBundle,
  isCallOf,
  otherCalls,
  publishBundle,
  type WebhookConfiguration,
} from "../../../certs/webhook-configurations.ts";
import { listAt } from "../../../shared/json/value.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { createLogger } from "../../../shared/log.ts";

const NAMES = ["stash-batch-webhook.backups.svc"];
const OURS = "backups/stash-batch-webhook";

test.each([
  [OURS, NAMES, true],
  ["other/stash-batch-webhook", NAMES, false],
  ["backups/other", NAMES, false],
  ["/", NAMES, false],
  ["https://stash-batch-webhook.backups.svc:443/mutate", NAMES, true],
  ["https://other.example.com/mutate", NAMES, false],
  ["https://127.0.0.1:8443/mutate", ["127.0.0.1"], true],
  ["https://[::1]:8443/mutate", ["::1"], true],
  ["no url://", NAMES, false],
])("%s is a call of %j: %s", (calls, names, is) => {
  expect(isCallOf(calls, names)).toBe(is);
});

function aConfiguration(...calls: readonly string[]): WebhookConfiguration {
  const webhooks = calls.map((one, index) => ({
    name: `w${index}`,
    path: `/webhooks/${index}/clientConfig/caBundle`,
    bundle: `theirs ${index}`,
    calls: one,
  }));
  return { kind: "MutatingWebhookConfiguration", name: "stash-batch", resourceVersion: "7", webhooks };
}

test("the bundle goes into the webhooks that call us, wherever they stand, and into no other", async () => {
  const patches: unknown[] = [];
  const client: Pick<KubeClient, "patch"> = {
    async patch(_resource, _namespace, _name, patch, parse) {
      patches.push(patch);
      return parse({});
    },
  };
  const configuration = aConfiguration("other/webhook", OURS, "https://elsewhere.example.com", OURS);
  const { signal } = new AbortController();
  expect(hasBundle(configuration, "mine", NAMES)).toBe(false);
  await publishBundle(client, configuration, { bundle: "mine", names: NAMES }, signal);
  const paths = listAt(patches[0], "operations").map((one) => (one instanceof Object ? Reflect.get(one, "path") : ""));
  expect(paths.filter((path) => String(path).includes("caBundle"))).toEqual([
    "/webhooks/1/clientConfig/caBundle",
    "/webhooks/3/clientConfig/caBundle",
  ]);
});

test("a configuration that is wholly another's needs nothing of us", () => {
  expect(hasBundle(aConfiguration("other/webhook", "other/webhook"), "mine", NAMES)).toBe(true);
  expect(otherCalls(aConfiguration("other/webhook", "other/webhook"), NAMES)).toEqual(["other/webhook"]);
});

test("another owner is told once, with what to do, and again when he comes back", () => {
  const events: string[] = [];
  const tell = createOtherOwners({
    log: createLogger("test", "error"),
    names: NAMES,
    recordEvent: (type, reason, message) => events.push(`${type} ${reason} ${message}`),
  });
  tell([aConfiguration("other/webhook", OURS)]);
  tell([aConfiguration("other/webhook", OURS)]);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatch(
    /^Warning WebhookCallsElsewhere MutatingWebhookConfiguration stash-batch calls other\/webhook, .*--show-managed-fields.*--force-conflicts$/,
  );
  tell([aConfiguration(OURS)]);
  tell([aConfiguration("other/webhook")]);
  expect(events).toHaveLength(2);
});
