import { KINDS } from "./kinds.ts";
import { volumeSchema } from "./kubernetes/volume.ts";
import { clusterObjectMetaSchema, typeMeta } from "./object-meta.ts";
import { parserOf } from "./parse.ts";
import { list, nameText, object, optional, type Value } from "./schema.ts";
import { paramSchema } from "./task-ref.ts";

const taskStepSchema = object({
  name: optional(nameText, "Name of the Function."),
  params: optional(list(paramSchema), "Values for its variables."),
});

export const taskSchema = object({
  ...typeMeta(KINDS.Task),
  metadata: clusterObjectMetaSchema,
  spec: object({
    steps: optional(list(taskStepSchema), "Functions in the order in which they run."),
    volumes: optional(list(volumeSchema), "Volumes of the pod."),
  }),
});
export type Task = Value<typeof taskSchema>;

/** Reads a Task. @throws UserError INVALID_OBJECT naming the fields */
export const parseTask = parserOf(KINDS.Task, taskSchema);
