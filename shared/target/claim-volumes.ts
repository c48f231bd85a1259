/** Volumes of a workload that outlive its pods. Pure. */
import { objectsAt, type WorkloadFacts } from "../injection/workload.ts";
import { textAt, valueAt } from "../json/value.ts";

export interface ClaimVolume {
  /** Of the volume. */
  readonly name: string;
  /** Where the application mounts it first. */
  readonly path: string | undefined;
  /** Whether a claim of that name is behind it. */
  holds(claim: string): boolean;
}

export function volumesWithClaims(workload: WorkloadFacts): readonly ClaimVolume[] {
  const spec = valueAt(workload.podTemplate, "spec");
  const claims = objectsAt(spec, "volumes").flatMap((volume): ClaimVolume[] => {
    const claim = textAt(volume, "persistentVolumeClaim", "claimName");
    const name = textAt(volume, "name") ?? "";
    return claim === undefined ? [] : [{ name, path: pathOf(spec, name), holds: (other) => other === claim }];
  });
  const templates = workload.claimTemplateNames.map((name): ClaimVolume => {
    const begin = `${name}-${workload.name}-`;
    const holds = (claim: string) => claim.startsWith(begin) && /^\d+$/.test(claim.slice(begin.length));
    return { name, path: pathOf(spec, name), holds };
  });
  return [...claims, ...templates];
}

function pathOf(spec: unknown, volume: string): string | undefined {
  const mounts = objectsAt(spec, "containers").flatMap((container) => objectsAt(container, "volumeMounts"));
  const found = mounts.find((mount) => textAt(mount, "name") === volume);
  return textAt(found, "mountPath");
}
