/** Child of bench/admission.ts: the whole webhook. argv: kubeconfig, folder with certificate. */
import { createLogger } from "../shared/log.ts";
import { waitUntilReady } from "../tests/support/webhook/running-webhook.ts";
import { parseWebhookArgs } from "../webhook/config.ts";
import { startWebhook } from "../webhook/main.ts";

const [kubeconfig = "", tlsDir = ""] = process.argv.slice(2);
const flags = ["--image=registry.test/stash-batch:1.0.0", "--listen=127.0.0.1:0", "--server-name=webhook.test"];
const config = parseWebhookArgs([...flags, `--tls-dir=${tlsDir}`, `--kubeconfig=${kubeconfig}`], process.env);
if (config === "help") throw new Error("no configuration");
const webhook = await startWebhook(config, process.env, { log: createLogger("webhook", "error"), onFail: () => {} });
await waitUntilReady(`https://127.0.0.1:${webhook.port}`);
process.send?.({ port: webhook.port });
process.on("disconnect", () => process.exit(0));
