import { flag, int64, list, nameText, object, optional, required, text, type Value } from "./schema.ts";

export const retentionPolicySchema = object({
  name: required(nameText, "Name of the policy, for people."),
  keepLast: optional(int64, "Keeps the newest n snapshots."),
  keepHourly: optional(int64, "Keeps the newest snapshot of each of the last n hours that have one."),
  keepDaily: optional(int64, "As keepHourly, for days."),
  keepWeekly: optional(int64, "As keepHourly, for weeks."),
  keepMonthly: optional(int64, "As keepHourly, for months."),
  keepYearly: optional(int64, "As keepHourly, for years."),
  keepTags: optional(list(text), "Keeps every snapshot that carries one of these tags."),
  prune: required(flag, "Whether the data of removed snapshots is deleted too."),
  dryRun: optional(flag, "Only tells what would be removed."),
});
export type RetentionPolicy = Value<typeof retentionPolicySchema>;
