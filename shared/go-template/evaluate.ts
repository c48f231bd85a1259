/** Runs the tree of a template over data. */
import { Budget } from "./budget.ts";
import { templateFunctions } from "./functions.ts";
import { templateFault } from "./lex.ts";
import type { Expression, Node, Pipeline } from "./parse.ts";
import type { TemplateFunction } from "./text-functions.ts";
import { fieldOf, isList, isMap, isTrue, printValue, type Value } from "./value.ts";

/** More than any hook needs; ends loops that a template makes by mistake. */
const MAX_STEPS = 100_000;
const MAX_OUTPUT = 1_000_000;

type Flow = "go-on" | "break" | "continue";

/** Variables of one block; those of the outer ones show through. */
interface Scope {
  readonly values: Map<string, Value>;
  readonly outer: Scope | undefined;
}

/** Renderings that belong together, and what is left of what they may take in all. */
export interface Run {
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  readonly budget: Budget;
  output: string;
  steps: number;
}

function inner(scope: Scope): Scope {
  return { values: new Map(), outer: scope };
}

function findScope(scope: Scope | undefined, name: string): Scope {
  if (scope === undefined) throw templateFault(`unknown variable $${name}`);
  return scope.values.has(name) ? scope : findScope(scope.outer, name);
}

function fields(value: Value, names: readonly string[]): Value {
  return names.reduce(fieldOf, value);
}

function call(
  expression: Expression & { kind: "call" },
  last: readonly Value[],
  dot: Value,
  scope: Scope,
  run: Run,
): Value {
  const { name, args } = expression;
  if (name === "and" || name === "or") {
    let value: Value;
    for (const arg of args) {
      value = evaluate(arg, dot, scope, run);
      if (isTrue(value) === (name === "or")) return value;
    }
    return last.length > 0 ? last[0] : value;
  }
  const found = run.functions.get(name);
  if (found === undefined) throw templateFault(`unknown function ${name}`);
  const given = [...args.map((arg) => evaluate(arg, dot, scope, run)), ...last];
  for (const value of given) run.budget.spendOn(value);
  const result = found(given, run.budget);
  run.budget.spendOn(result);
  return result;
}

function takeStep(run: Run): void {
  if (++run.steps > MAX_STEPS) throw templateFault("it takes too many steps");
}

/** @param last value of the command before, when there is one */
function evaluate(expression: Expression, dot: Value, scope: Scope, run: Run, last: readonly Value[] = []): Value {
  takeStep(run);
  if (last.length > 0 && expression.kind !== "call") throw templateFault("a value is piped into what is no function");
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "field":
      return fields(dot, expression.names);
    case "variable":
      return fields(findScope(scope, expression.name).values.get(expression.name), expression.names);
    case "chain":
      return fields(evaluate(expression.of, dot, scope, run), expression.names);
    case "pipeline":
      return evaluatePipeline(expression.pipeline, dot, scope, run);
    case "call":
      return call(expression, last, dot, scope, run);
  }
}

function evaluatePipeline(pipeline: Pipeline, dot: Value, scope: Scope, run: Run): Value {
  let last: readonly Value[] = [];
  for (const command of pipeline.commands) last = [evaluate(command, dot, scope, run, last)];
  const value = last[0];
  const [name] = pipeline.variables;
  if (name !== undefined) {
    const target = pipeline.isAssignment ? findScope(scope, name) : scope;
    target.values.set(name, value);
  }
  return value;
}

function write(run: Run, value: Value): void {
  run.budget.spendOn(value);
  run.output += printValue(value);
  if (run.output.length > MAX_OUTPUT) throw templateFault("the result becomes too long");
}

/** One after another: loops in loops over long lists would hold the entries of all of them. */
function* entriesOf(value: Value): Generator<readonly [Value, Value]> {
  if (value === null || value === undefined) return;
  if (isList(value)) yield* value.entries();
  else if (isMap(value)) for (const key of Object.keys(value).sort()) yield [key, value[key]];
  else if (typeof value === "number") for (let at = 0; at < Math.min(MAX_STEPS, value); at++) yield [at, at];
  else throw templateFault(`range over a ${typeof value}`);
}

function runRange(node: Node & { kind: "range" }, dot: Value, scope: Scope, run: Run): Flow {
  const { variables } = node.pipeline;
  const over = evaluatePipeline({ ...node.pipeline, variables: [] }, dot, scope, run);
  run.budget.spendOn(over);
  let isEmpty = true;
  for (const [key, item] of entriesOf(over)) {
    // Also of an empty body: a number costs nothing, however many rounds it stands for.
    takeStep(run);
    isEmpty = false;
    const block = inner(scope);
    const [first, second] = variables;
    if (second !== undefined && first !== undefined) {
      block.values.set(first, key);
      block.values.set(second, item);
    } else if (first !== undefined) block.values.set(first, item);
    if (runNodes(node.body, item, block, run) === "break") break;
  }
  return isEmpty ? runNodes(node.otherwise, dot, inner(scope), run) : "go-on";
}

function runNodes(nodes: readonly Node[], dot: Value, scope: Scope, run: Run): Flow {
  for (const node of nodes) {
    const flow = runNode(node, dot, scope, run);
    if (flow !== "go-on") return flow;
  }
  return "go-on";
}

function runNode(node: Node, dot: Value, scope: Scope, run: Run): Flow {
  takeStep(run);
  switch (node.kind) {
    case "text":
      write(run, node.text);
      return "go-on";
    case "output": {
      const value = evaluatePipeline(node.pipeline, dot, scope, run);
      if (node.pipeline.variables.length === 0) write(run, value);
      return "go-on";
    }
    case "break":
    case "continue":
      return node.kind;
    case "range":
      return runRange({ ...node, kind: "range" }, dot, scope, run);
    case "if":
    case "with": {
      const block = inner(scope);
      const value = evaluatePipeline(node.pipeline, dot, block, run);
      if (!isTrue(value)) return runNodes(node.otherwise, dot, block, run);
      return runNodes(node.body, node.kind === "with" ? value : dot, block, run);
    }
  }
}

/** @param now what the function `now` says */
export function startRun(now: Date): Run {
  return { functions: templateFunctions(now), budget: new Budget(), output: "", steps: 0 };
}

/** @throws UserError INVALID_OBJECT */
export function runTemplate(nodes: readonly Node[], data: Value, run: Run): string {
  run.output = "";
  runNodes(nodes, data, { values: new Map([["", data]]), outer: undefined }, run);
  return run.output;
}
