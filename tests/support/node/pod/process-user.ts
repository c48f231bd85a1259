/** Who a container's program runs as: the security contexts of pod and container over the image's own user. */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { ProcessUser } from "../sandbox/container-script.ts";
import { ContainerConfigError } from "./container-env.ts";

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

/** @throws ContainerConfigError when runAsNonRoot meets user 0 */
export function readProcessUser(pod: V1Pod, container: V1Container, imageUser: number | undefined): ProcessUser {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const uid = own.runAsUser ?? shared.runAsUser ?? imageUser ?? 0;
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) === true && uid === 0) {
    throw new ContainerConfigError("container has runAsNonRoot and image will run as root");
  }
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  return {
    uid,
    gid: own.runAsGroup ?? shared.runAsGroup ?? 0,
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
