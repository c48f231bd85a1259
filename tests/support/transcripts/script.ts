/**
 * Transcripts: readable scripts of what happens to a session or restore and what the reconciler makes of it.
 *
 * The first line says what is shown. Lines with `*` set the scene, lines with `-` are events, and the indented lines below
 * an event are what followed from it. Running a script writes those lines anew; a test compares them.
 */

export interface Script {
  readonly title: string;
  readonly scene: readonly string[];
  readonly events: readonly string[];
}

/** What plays a script: makes the scene, carries out an event, and tells what followed. */
export interface Stage {
  play(event: string): readonly string[];
}

export function parseScript(text: string): Script {
  const lines = text.split("\n");
  const marked = (mark: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(2).trim());
  return { title: lines[0] ?? "", scene: marked("*"), events: marked("-") };
}

/** The script's text with what really follows from each event. */
export function playScript(script: Script, stage: Stage): string {
  const scene = script.scene.map((line) => `* ${line}`);
  const events = script.events.flatMap((event) => {
    const outcome = stage.play(event);
    return [`- ${event}`, ...(outcome.length === 0 ? ["    (nothing)"] : outcome.map((line) => `    ${line}`))];
  });
  return [script.title, "", ...scene, "", ...events, ""].join("\n");
}

/** `name=value` words of a line, the rest as plain words. */
export interface Words {
  readonly plain: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

/** Splits a line into words; `"two words"` is one. */
export function parseWords(line: string): Words {
  const words = [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ""));
  const named = new Map<string, string>();
  const plain: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) named.set(word.slice(0, equals), word.slice(equals + 1));
    else plain.push(word);
  }
  return { plain, named };
}

/** `30s`, `5m`, `2h` in milliseconds. */
export function parseSpan(text: string | undefined): number {
  const [, amount = "", unit = ""] = /^(\d+)([smh])$/.exec(text ?? "") ?? [];
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[unit];
  if (unitMs === undefined) throw new Error(`${text} is no span such as 30s`);
  return Number(amount) * unitMs;
}
