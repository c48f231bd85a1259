/**
 * What a workload, or its namespace, says otherwise than the installation about the injected container: another image, to try one out or to
 * stay with one, and whether the sidecar is a native one. Pure; both programs must answer alike.
 */
import { Annotation } from "../contract.ts";
import type { InjectionSettings, InjectionView } from "./view.ts";

type Asked = Pick<InjectionView, "workload" | "namespace">;

/** As long as a registry, a path and a digest may be; the API server wants no blanks, and a kubelet a name. */
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,999}$/;

/** The workload's own word counts before that of its namespace. One that can't be read counts as none. */
function read<T>(asked: Asked, key: string, parse: (text: string) => T | undefined): T | undefined {
  for (const { annotations } of [asked.workload, asked.namespace]) {
    const text = annotations[key];
    const value = text === undefined ? undefined : parse(text);
    if (value !== undefined) return value;
  }
  return undefined;
}

function parseImage(text: string): string | undefined {
  return IMAGE.test(text) ? text : undefined;
}

function parseFlag(text: string): boolean | undefined {
  return text === "true" ? true : text === "false" ? false : undefined;
}

/** What is remembered is found by the settings object, which lives as long as the process, and by what was asked. */
const known = new WeakMap<InjectionSettings, Map<string, InjectionSettings>>();
const REMEMBERED = 1_000;

/** Settings for one workload; the very ones of the installation where nobody says otherwise. */
export function settingsFor(settings: InjectionSettings, asked: Asked): InjectionSettings {
  const image = read(asked, Annotation.Image, parseImage);
  const isNative = read(asked, Annotation.NativeSidecar, parseFlag) ?? settings.nativeSidecar;
  const nativeSidecar = isNative && settings.supportsNative !== false;
  if (image === undefined && nativeSidecar === settings.nativeSidecar) return settings;
  const others = known.get(settings) ?? new Map<string, InjectionSettings>();
  const key = `${nativeSidecar} ${image ?? ""}`;
  const found = others.get(key) ?? {
    ...settings,
    nativeSidecar,
    ...(image !== undefined && { image, pinnedImage: image }),
  };
  if (others.size >= REMEMBERED) others.clear();
  known.set(settings, others.set(key, found));
  return found;
}

/** Annotations that can't be read, or that this cluster can't follow. @param settings as settingsFor() gives them */
export function findSettingWarnings({ workload, namespace, settings }: InjectionView): readonly string[] {
  const warnings: string[] = [];
  for (const { annotations } of [workload, namespace]) {
    const image = annotations[Annotation.Image];
    const native = annotations[Annotation.NativeSidecar];
    if (image !== undefined && parseImage(image) === undefined)
      warnings.push(`annotation ${Annotation.Image} is no name of an image, so it does not count (next: correct it)`);
    if (native !== undefined && parseFlag(native) === undefined)
      warnings.push(
        `annotation ${Annotation.NativeSidecar} is neither "true" nor "false", so it does not count (next: correct it)`,
      );
    if (native === "true" && settings.supportsNative === false)
      warnings.push(
        `annotation ${Annotation.NativeSidecar}: this cluster has no native sidecars, so the sidecar is an ordinary container (next: upgrade it to Kubernetes 1.29)`,
      );
  }
  return warnings;
}

/** Since this version servers keep `restartPolicy` of an init-container; before it a sidecar there would hold the pod for ever. */
const FIRST_MINOR = 29;

export function supportsNative({ major, minor }: { readonly major: number; readonly minor: number }): boolean {
  return major > 1 || (major === 1 && minor >= FIRST_MINOR);
}
