/** What is due in the next days, by the schedules as they are now. Pure. */
import { nextRuns } from "../../../shared/schedule/parse.ts";
import type { CalendarRun, CalendarView } from "../../../web/wire/lists.ts";
import { pageOf } from "../../../web/wire/page-of.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { scheduleOf } from "./application-facts.ts";
import type { Asked } from "./asked.ts";

const DAY_MS = 86_400_000;
const DAYS = 7;
const MINUTE_MS = 60_000;
/** Of one application: once an hour, and the rest is said in words. */
const MOST_RUNS = DAYS * 24;

type Other = CalendarView["others"]["rows"][number];

export function decideCalendar({ world, query, nowMs }: Asked): CalendarView {
  const untilMs = nowMs + DAYS * DAY_MS;
  const due: (Omit<CalendarRun, "overlaps"> & { readonly atMs: number })[] = [];
  const others: Other[] = [];
  for (const invoker of world.invokers()) {
    const name = nameOf(invoker);
    const schedule = scheduleOf(invoker);
    if (schedule === undefined) {
      others.push({ ...name, why: whyNone(invoker) });
      continue;
    }
    const count = schedule.count(nowMs, untilMs);
    if (count > MOST_RUNS) {
      others.push({ ...name, why: `it runs ${count} times in this time, by ${schedule.cronText}` });
      continue;
    }
    const { repository } = invoker.spec;
    const place = repository?.name && `${repository.namespace || invoker.metadata.namespace}/${repository.name}`;
    for (const atMs of nextRuns(schedule, nowMs, count)) {
      due.push({ ...name, atMs, time: new Date(atMs).toISOString(), zone: schedule.timeZone, repository: place });
    }
    if (invoker.status?.phase !== "Ready") {
      others.push({ ...name, why: `it is ${invoker.status?.phase ?? "not looked at yet"}: its runs may be skipped` });
    }
  }
  due.sort((a, b) => a.atMs - b.atMs || a.name.localeCompare(b.name));
  const together = new Map<string, string[]>();
  for (const run of due) {
    const key = togetherKey(run);
    together.set(key, [...(together.get(key) ?? []), `${run.namespace}/${run.name}`]);
  }
  const { rows, ...page } = pageOf(due, query["page"]);
  return {
    from: new Date(nowMs - (nowMs % MINUTE_MS)).toISOString(),
    until: new Date(untilMs - (untilMs % MINUTE_MS)).toISOString(),
    runs: {
      ...page,
      rows: rows.map(({ atMs, ...run }) => {
        const all = run.repository === undefined ? [] : (together.get(togetherKey({ ...run, atMs })) ?? []);
        return { ...run, overlaps: all.filter((other) => other !== `${run.namespace}/${run.name}`) };
      }),
    },
    others: pageOf(others, query["others"]),
  };
}

const togetherKey = ({ repository, atMs }: { readonly repository?: string | undefined; readonly atMs: number }) =>
  `${repository} ${Math.floor(atMs / MINUTE_MS)}`;

function nameOf({ kind, metadata }: BackupInvokerObject) {
  return { kind, namespace: metadata.namespace, name: metadata.name };
}

function whyNone({ spec }: BackupInvokerObject): string {
  if (spec.paused === true) return "its schedule is paused";
  return spec.schedule
    ? `its schedule can't be read: ${spec.schedule}`
    : "it has no schedule: it runs when somebody asks";
}
