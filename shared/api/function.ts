import { KINDS } from "./kinds.ts";
import { containerPortSchema } from "./kubernetes/pod.ts";
import { volumeDeviceSchema, volumeMountSchema } from "./kubernetes/volume.ts";
import { clusterObjectMetaSchema, typeMeta } from "./object-meta.ts";
import { parserOf } from "./parse.ts";
import { containerSettingsSchema } from "./runtime-settings.ts";
import { list, object, optional, text, type Value } from "./schema.ts";

export const functionSchema = object({
  ...typeMeta(KINDS.Function),
  metadata: clusterObjectMetaSchema,
  spec: object({
    image: optional(text, "Image of the container."),
    command: optional(list(text), "Program, instead of the image's own."),
    args: optional(list(text), "Arguments; variables in them are replaced."),
    workingDir: optional(text, "Folder that the program starts in."),
    ports: optional(list(containerPortSchema), "Ports of the container."),
    volumeMounts: optional(list(volumeMountSchema), "Volumes and where they are mounted."),
    volumeDevices: optional(list(volumeDeviceSchema), "Block devices."),
    runtimeSettings: optional(containerSettingsSchema, "Settings of the container."),
    podSecurityPolicyName: optional(text, "PodSecurityPolicy that the job may use."),
  }),
});
/** Named after its kind with a suffix, because `Function` is JavaScript's own. */
export type FunctionObject = Value<typeof functionSchema>;
export type FunctionSpec = FunctionObject["spec"];

/** Reads a Function. @throws UserError INVALID_OBJECT naming the fields */
export const parseFunction = parserOf(KINDS.Function, functionSchema);
