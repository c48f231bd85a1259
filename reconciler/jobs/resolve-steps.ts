/** From a Task and its Functions to steps with all variables put in. Pure. */
import { type FunctionSpec, parseFunction } from "../../shared/api/function.ts";
import type { Volume } from "../../shared/api/kubernetes/volume.ts";
import { parseTask } from "../../shared/api/task.ts";
import { substitute, substituteObject, type Variables } from "../../shared/invoker/substitution.ts";
import { isReplacedAddon } from "./catalogue-names.ts";
import { joinImage, splitImage } from "./image.ts";
import type { ResolvedTask } from "./view.ts";

export interface JobStep {
  /** Of the container. */
  readonly name: string;
  readonly image: string;
  /** Whether the image is the product's own. */
  readonly isOurs: boolean;
  readonly spec: FunctionSpec;
}

export interface ResolvedSteps {
  readonly steps: readonly JobStep[];
  readonly volumes: readonly Volume[];
}

/** A container's name is a DNS label. */
const NAME_LENGTH = 63;

/**
 * Puts the variables in. Of the inputs of a Function the parameters of its step count least, then the variables, then
 * ADDON_IMAGE, which is the Function's own image.
 *
 * @throws UserError VARIABLE_MISSING or INVALID_OBJECT with the object and the place (L19)
 */
export function resolveSteps(resolved: ResolvedTask, variables: Variables, ownImage: string): ResolvedSteps {
  const { task, functions } = resolved;
  const taskName = `Task ${task.metadata.name}`;
  const { spec } = parseTask({ ...task, spec: substituteObject(task.spec, variables, `${taskName}: spec`) });
  const steps = (spec.steps ?? []).flatMap((step, index): JobStep[] => {
    const found = functions[index];
    if (found === undefined) return [];
    const inputs: Variables = {
      ...Object.fromEntries((step.params ?? []).map(({ name, value }) => [name, value])),
      ...variables,
    };
    const where = `Function ${found.metadata.name}`;
    const written = found.spec.image === undefined ? "" : substitute(found.spec.image, inputs);
    const image = chooseImage(written, ownImage);
    const values = substituteObject(found.spec, { ...inputs, ADDON_IMAGE: image }, `${where}: spec`);
    const name = `${found.metadata.name.replaceAll(".", "-")}`.slice(0, NAME_LENGTH - `-${index}`.length);
    return [
      {
        name: `${name}-${index}`,
        image,
        isOurs: image === ownImage,
        spec: parseFunction({ ...found, spec: values }).spec,
      },
    ];
  });
  return { steps, volumes: spec.volumes ?? [] };
}

/** Our own image where the Function names it by upstream's variables, names none, or names an addon that we replace. */
function chooseImage(written: string, ownImage: string): string {
  const isOwn = written === "" || written === joinImage(splitImage(ownImage)) || isReplacedAddon(written);
  return isOwn ? ownImage : written;
}
