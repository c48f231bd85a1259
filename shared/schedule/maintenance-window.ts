/** The window in which checks and prune of a Repository may run. Pure. */
import type { Maintenance } from "../api/repository.ts";

type Window = NonNullable<Maintenance["window"]>;

const DAY_MINUTES = 24 * 60;

export function isZone(timeZone: string | undefined): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: timeZone || "UTC" });
    return true;
  } catch {
    return false;
  }
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}

/** What clocks on the wall of the zone show, in minutes. */
function wallMinutes(timeZone: string | undefined, now: Date): number {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: timeZone || "UTC",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return minutesOf(format.format(now));
}

/** Whether the window is open; one of an unknown zone never is. */
export function isWindowOpen(window: Window | undefined, now: Date): boolean {
  if (window === undefined) return true;
  if (!isZone(window.timeZone)) return false;
  const from = minutesOf(window.from);
  const sinceFrom = (wallMinutes(window.timeZone, now) - from + DAY_MINUTES) % DAY_MINUTES;
  return sinceFrom < (minutesOf(window.until) - from + DAY_MINUTES) % DAY_MINUTES;
}
