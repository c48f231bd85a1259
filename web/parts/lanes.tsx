/** A run on a time axis: a lane a member, with its hosts as bars and its hooks as frames. */
import type { JSX } from "preact";
import { formatBytes, formatCount, formatDuration, formatNumber } from "../format.ts";
import type { Lane, Progress, Run, Span } from "../wire/run.ts";
import { Name, State } from "./words.tsx";

const WIDTH = 1_000;
const BAR = 8;
const HOOK = 16;
const MOST_BARS = 6;

/** Words for how far a member is. */
export function describeProgress(progress: Progress): string {
  const { percent, bytesDone, bytesTotal, filesDone, filesTotal, etaSeconds } = progress;
  const parts: string[] = [];
  if (percent !== undefined) parts.push(`${formatNumber(Math.floor(percent))} %`);
  if (bytesDone !== undefined)
    parts.push(formatBytes(bytesDone) + (bytesTotal === undefined ? "" : ` of ${formatBytes(bytesTotal)}`));
  if (filesDone !== undefined) {
    parts.push(
      filesTotal === undefined
        ? formatCount(filesDone, "file")
        : `${formatNumber(filesDone)} of ${formatCount(filesTotal, "file")}`,
    );
  }
  if (etaSeconds !== undefined) parts.push(`${formatDuration(etaSeconds * 1_000)} left`);
  return parts.join(", ");
}

interface Axis {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** From the first thing that happened until the last, or until now. */
function axisOf(run: Run, nowMs: number): Axis {
  const spans = [...run.lanes.flatMap((lane) => lane.spans), ...(run.drill?.steps ?? [])];
  const starts = [run.startedAt, ...spans.map((span) => span.startedAt)].map((time) => Date.parse(time ?? ""));
  const ends = run.hasEnded
    ? [run.endedAt, ...spans.map((span) => span.finishedAt)].map((time) => Date.parse(time ?? ""))
    : [nowMs];
  const fromMs = Math.min(...starts.filter((at) => !Number.isNaN(at)), nowMs);
  return { fromMs, untilMs: Math.max(fromMs + 1_000, ...ends.filter((at) => !Number.isNaN(at))) };
}

function describeSpan({ kind, label, phase, startedAt, finishedAt }: Span, { fromMs, untilMs }: Axis): string {
  const from = Date.parse(startedAt) - fromMs;
  const until = (finishedAt === undefined ? untilMs : Date.parse(finishedAt)) - fromMs;
  const end = finishedAt === undefined ? "until now" : `to ${formatDuration(until)}`;
  return `${kind} ${label} ${phase}, from ${formatDuration(from)} ${end}`;
}

function Bar({
  span,
  axis,
  y,
  height,
}: {
  readonly span: Span;
  readonly axis: Axis;
  readonly y: number;
  readonly height: number;
}): JSX.Element {
  const scale = WIDTH / (axis.untilMs - axis.fromMs);
  const from = Math.min(WIDTH - 4, Math.max(0, (Date.parse(span.startedAt) - axis.fromMs) * scale));
  const end = span.finishedAt === undefined ? axis.untilMs : Date.parse(span.finishedAt);
  const width = Math.max(4, Math.min(WIDTH - from, (end - axis.fromMs) * scale - from));
  return (
    <rect class={`span ${span.kind} ${span.phase}`} x={from} y={y} width={width} height={height}>
      <title>{describeSpan(span, axis)}</title>
    </rect>
  );
}

type Drawn = Pick<Lane, "name" | "spans">;

function LaneBars({ lane, axis }: { readonly lane: Drawn; readonly axis: Axis }): JSX.Element {
  const hosts = lane.spans.filter(({ kind }) => kind === "host");
  const steps = lane.spans.filter(({ kind }) => kind === "step");
  const hooks = lane.spans.filter(({ kind }) => kind === "hook");
  const rows = Math.max(2, Math.min(MOST_BARS, hosts.length));
  const height = rows * BAR;
  const told = lane.spans.slice(0, 20).map((span) => describeSpan(span, axis));
  const label = told.length === 0 ? `${lane.name} has not begun` : `${lane.name}: ${told.join("; ")}`;
  return (
    <svg class="lane-bars" viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {hosts.map((span, at) => (
        <Bar
          key={span.label}
          span={span}
          axis={axis}
          y={(at % MOST_BARS) * BAR + 1}
          height={hosts.length === 1 ? height - 2 : BAR - 2}
        />
      ))}
      {steps.map((span) => (
        <Bar key={span.label} span={span} axis={axis} y={1} height={height - 2} />
      ))}
      {hooks.map((span) => (
        <Bar key={`${span.label} ${span.startedAt}`} span={span} axis={axis} y={0} height={Math.min(HOOK, height)} />
      ))}
    </svg>
  );
}

function describeStep({ label, startedAt, finishedAt }: Span, nowMs: number): string {
  const until = finishedAt === undefined ? nowMs : Date.parse(finishedAt);
  return `${label} ${finishedAt === undefined ? "for" : "in"} ${formatDuration(until - Date.parse(startedAt))}`;
}

interface LanesProps {
  readonly run: Run;
  readonly nowMs: number;
  readonly chosen: string | undefined;
  readonly linkTo: (member: string) => string;
}

export function Lanes({ run, nowMs, chosen, linkTo }: LanesProps): JSX.Element {
  const axis = axisOf(run, nowMs);
  if (run.lanes.length === 0 && run.drill === undefined) return <p class="muted">No member has been looked at yet.</p>;
  return (
    <div class="lanes">
      {run.drill !== undefined && (
        <div class="lane">
          <div class="lane-head">
            Steps <span class="muted">{run.drill.steps.map((span) => describeStep(span, nowMs)).join(", ")}</span>
          </div>
          <LaneBars lane={{ name: "steps", spans: run.drill.steps }} axis={axis} />
        </div>
      )}
      <ol aria-label="Members">
        {run.lanes.map((lane) => (
          <li key={lane.name} class={`lane ${chosen === lane.name ? "chosen" : ""}`}>
            <div class="lane-head">
              <a href={linkTo(lane.name)} aria-current={chosen === lane.name ? "true" : undefined}>
                <Name>{lane.name}</Name>
              </a>
              <State value={lane.phase} />
              <span class="muted">
                {lane.progress === undefined ? <Name>{lane.message ?? ""}</Name> : describeProgress(lane.progress)}
              </span>
            </div>
            <LaneBars lane={lane} axis={axis} />
            {lane.progress?.percent !== undefined && (
              <progress max={100} value={lane.progress.percent} aria-label={`How far ${lane.name} is`} />
            )}
          </li>
        ))}
      </ol>
      <div class="axis">
        <span>0 s</span>
        <span>
          {formatDuration(axis.untilMs - axis.fromMs)}
          {run.hasEnded ? "" : ", and goes on"}
        </span>
      </div>
    </div>
  );
}
