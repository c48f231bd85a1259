/** What a keeper of certificates works with. */
import type { Clock } from "../shared/clock.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import type { EventType } from "../shared/kube/events/object.ts";
import type { Logger } from "../shared/log.ts";
import type { CertificateSettings } from "./decide-certificates.ts";
import type { SecretAddress } from "./secret.ts";
import type { ConfigurationName } from "./webhook-configurations.ts";

export interface KeeperPorts {
  readonly client: Pick<KubeClient, "find" | "create" | "patch">;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is served, and what clients should trust. */
  readonly secret: SecretAddress;
  /** The authority with its key. */
  readonly authoritySecret: SecretAddress;
  readonly configurations: readonly ConfigurationName[];
  /** DNS names and addresses under which API servers call the webhook. */
  readonly names: readonly string[];
  readonly settings: CertificateSettings;
  /** News for people, about the Secret. */
  readonly recordEvent: (type: EventType, reason: string, message: string) => void;
  /** When the certificates end, for the metric; milliseconds since the epoch. */
  readonly onExpiry: (at: { readonly caMs: number | undefined; readonly servingMs: number | undefined }) => void;
}
