/** What the API server refuses in a container's requests and limits. */
import type { Resources } from "../api/kubernetes/pod.ts";
import { isAbove, readQuantity } from "../quantity.ts";

export interface ResourceFault {
  /** `requests.cpu` */
  readonly field: string;
  readonly message: string;
  readonly next: string;
}

const STANDARD: readonly string[] = ["cpu", "memory", "ephemeral-storage"];
const QUALIFIED = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const HUGE_PAGES = /^hugepages-[0-9]+[KMGT]i$/;

/** Each fault with its field below `resources`. */
export function findResourceFaults({ requests = {}, limits = {} }: Resources): readonly ResourceFault[] {
  const single = Object.entries({ requests, limits }).flatMap(([list, amounts]) =>
    Object.entries(amounts).flatMap(([name, amount]) => findAmountFault(`${list}.${name}`, name, amount)),
  );
  const names = new Set([...Object.keys(requests), ...Object.keys(limits)]);
  const pairs = [...names].filter(isKnown).flatMap((name) => findPairFault(name, requests[name], limits[name]));
  return [...single, ...pairs];
}

function isKnown(name: string): boolean {
  return STANDARD.includes(name) || QUALIFIED.test(name) || HUGE_PAGES.test(name);
}

function findAmountFault(field: string, name: string, amount: string | number): readonly ResourceFault[] {
  if (!isKnown(name)) {
    const next = "Name cpu, memory, ephemeral-storage, hugepages-SIZE or a resource with a domain.";
    return [{ field, message: "is no resource that a container can have", next }];
  }
  const value = readQuantity(amount);
  if (value === undefined) return [{ field, message: `${JSON.stringify(amount)} is no quantity`, next: QUANTITY_NEXT }];
  if (value < 0) return [{ field, message: `${amount} is negative`, next: QUANTITY_NEXT }];
  if (STANDARD.includes(name) || Number.isInteger(value)) return [];
  return [{ field, message: `${amount} is no whole number`, next: "Write a whole number." }];
}

const QUANTITY_NEXT = "Write a quantity such as 500m or 2Gi.";

/** Huge pages and devices can't be shared out beyond what there is: as much is requested as the limit says. */
function findPairFault(
  name: string,
  request: string | number | undefined,
  limit: string | number | undefined,
): readonly ResourceFault[] {
  const field = `requests.${name}`;
  if (isAbove(request, limit)) {
    const next = "Lower the request, or raise the limit.";
    return [{ field, message: `${request} is above the limit ${limit}`, next }];
  }
  if (STANDARD.includes(name) || request === undefined || readQuantity(request) === readQuantity(limit ?? ""))
    return [];
  return [{ field, message: "differs from its limit", next: `Set limits.${name} to the same.` }];
}
