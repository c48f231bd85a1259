/** Sizes and times as texts, spelled as upstream's status spells them. */

const UNITS: readonly (readonly [number, string])[] = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];

/** `12.345 MiB`; up to 1024 bytes `512 B`. */
export function formatSize(bytes: number): string {
  const unit = UNITS.find(([size]) => bytes > size);
  return unit === undefined ? `${Math.round(bytes)} B` : `${(bytes / unit[0]).toFixed(3)} ${unit[1]}`;
}

/** `m:ss`, or `h:mm:ss` from an hour on. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3_600);
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
