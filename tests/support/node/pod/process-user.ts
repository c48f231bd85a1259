/** Who a container's program runs as: the security contexts of pod and container over the image's own user. */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { ProcessUser } from "../sandbox/container-script.ts";
import { ContainerConfigError } from "./container-env.ts";
import type { ImageAccount } from "./image-account.ts";

/** What container runtimes leave to a container that asks for nothing else. */
const DEFAULT_CAPABILITIES = [
  "chown",
  "dac_override",
  "fsetid",
  "fowner",
  "mknod",
  "net_raw",
  "setgid",
  "setuid",
  "setfcap",
  "setpcap",
  "net_bind_service",
  "sys_chroot",
  "kill",
  "audit_write",
];

/** The number of the user, by the container's security context, the pod's, the image, in this order. */
export function readUid(pod: V1Pod, container: V1Container, imageUser: number | undefined): number {
  return container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser ?? imageUser ?? 0;
}

/**
 * @param account of the user, whose group counts when no security context gives one
 * @throws ContainerConfigError when runAsNonRoot meets user 0
 */
export function readProcessUser(pod: V1Pod, container: V1Container, uid: number, account: ImageAccount): ProcessUser {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) === true && uid === 0) {
    throw new ContainerConfigError("container has runAsNonRoot and image will run as root");
  }
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  return {
    uid,
    gid: own.runAsGroup ?? shared.runAsGroup ?? account.gid,
    groups: [...new Set(groups)],
    capabilities: own.privileged === true ? ["all"] : capabilitiesOf(own.capabilities?.add, own.capabilities?.drop),
    noNewPrivileges: own.allowPrivilegeEscalation === false,
  };
}

function capabilitiesOf(add: readonly string[] = [], drop: readonly string[] = []): readonly string[] {
  const added = add.map(plainName);
  const dropped = drop.map(plainName);
  if (added.includes("all")) return ["all"];
  const kept = dropped.includes("all") ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.includes(name));
  return [...new Set([...kept, ...added])];
}

function plainName(capability: string): string {
  return capability.toLowerCase().replace(/^cap_/, "");
}
