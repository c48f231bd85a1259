/** `ui`, as people type it. */
import { CommandGroup, type CommandSpec, Scope } from "../program/command.ts";

export const UI: CommandSpec = {
  name: "ui",
  group: CommandGroup.See,
  summary: "Look at everything in a browser",
  details: `Serves pages on 127.0.0.1 until Ctrl-C, with your own rights: the API server decides what you see, and nothing is installed. The address signs in one
browser, once. It only looks; with --allow-actions it backs up and restores, too, after the plan was shown and the name was typed.
With --in-cluster the same pages are served in a pod, behind a proxy that signs people in and passes their tokens on: each sees with his own rights, and the
pod has none. manifests/overlays/ui and the chart's ui.enabled start it so.`,
  flags: [
    { flags: "--allow-actions", summary: "back up and restore, too (default: only look)" },
    { flags: "--port <number>", summary: "port (default: any that is free; 8080 with --in-cluster)" },
    { flags: "--in-cluster", summary: "serve in a pod, behind a proxy that passes on each person's own token" },
    { flags: "--public-url <url>", summary: "with --in-cluster: the proxy's address, as browsers have it" },
    { flags: "--listen-address <address>", summary: "with --in-cluster: where the proxy asks (default: 0.0.0.0)" },
    {
      flags: "--api-ca-file <file>",
      summary: "with --in-cluster: the API server's CA, as ConfigMap kube-root-ca.crt has it",
    },
    {
      flags: "--tls-cert-file <file>",
      summary: "with --in-cluster: the certificate to serve with; is read again when it changes",
    },
    { flags: "--tls-key-file <file>", summary: "with --in-cluster: its key" },
    {
      flags: "--prometheus <place>",
      summary: "ask this Prometheus for older days: NAMESPACE/SERVICE:PORT by the API server, or an address",
    },
    { flags: "--prometheus-label <name=value>", summary: "label that tells this cluster from others in it" },
    { flags: "--no-open", summary: "print the address, and start no browser" },
  ],
  scope: Scope.Namespaces,
  formats: [],
  examples: [
    { line: "ui -A", does: "all applications of the cluster" },
    {
      line: "ui -A --prometheus monitoring/prometheus-operated:9090",
      does: "with what Prometheus remembers, asked by the API server with your rights",
    },
    {
      line: "ui -n shop --allow-actions --no-open",
      does: "one namespace, with restores, for a browser that you start yourself",
    },
  ],
  load: async () => (await import("./run.ts")).runUi,
};
