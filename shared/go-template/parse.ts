/** From pieces to a tree. */
import { type Piece, splitTemplate, type Token, templateFault, tokenize } from "./lex.ts";

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "field"; readonly names: readonly string[] }
  | { readonly kind: "variable"; readonly name: string; readonly names: readonly string[] }
  /** Fields of a value in brackets. */
  | { readonly kind: "chain"; readonly of: Expression; readonly names: readonly string[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

/** Commands in order; each gets the value of the one before as its last argument. */
export interface Pipeline {
  readonly variables: readonly string[];
  /** `:=` makes variables, `=` sets them. */
  readonly isAssignment: boolean;
  readonly commands: readonly Expression[];
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly pipeline: Pipeline }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "break" | "continue" };

const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };

/** Brackets in brackets, and blocks in blocks: more than any hook needs, less than the stack has room for. */
const MAX_DEPTH = 100;

class TokenReader {
  readonly source: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.source = source;
    this.#tokens = tokenize(source);
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  take(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  /** Reads what stands in brackets. @throws UserError INVALID_OBJECT when too many of them are open */
  inBrackets<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.fault(`more than ${MAX_DEPTH} brackets in brackets`);
    const result = read();
    this.#depth--;
    return result;
  }

  isMark(mark: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === "mark" && token.mark === mark;
  }

  takeMark(mark: string): boolean {
    if (!this.isMark(mark)) return false;
    this.#at++;
    return true;
  }

  fault(what: string): Error {
    return templateFault(`${what} in {{${this.source}}}`);
  }
}

function parseOperand(reader: TokenReader): Expression | undefined {
  const token = reader.peek();
  if (token === undefined) return undefined;
  switch (token.kind) {
    case "string":
    case "number":
      reader.take();
      return { kind: "literal", value: token.value };
    case "field":
      reader.take();
      return { kind: "field", names: token.names };
    case "variable":
      reader.take();
      return { kind: "variable", name: token.name, names: token.names };
    case "word": {
      reader.take();
      const constant = CONSTANTS[token.word];
      return constant === undefined
        ? { kind: "call", name: token.word, args: [] }
        : { kind: "literal", value: constant };
    }
    case "mark": {
      if (!reader.takeMark("(")) return undefined;
      const pipeline = reader.inBrackets(() => parsePipeline(reader));
      if (!reader.takeMark(")")) throw reader.fault("missing )");
      const inner: Expression = { kind: "pipeline", pipeline };
      const next = reader.peek();
      if (next?.kind !== "field" || next.names.length === 0) return inner;
      reader.take();
      return { kind: "chain", of: inner, names: next.names };
    }
  }
}

function parseCommand(reader: TokenReader): Expression {
  const first = parseOperand(reader);
  if (first === undefined) throw reader.fault("missing value");
  const args: Expression[] = [];
  for (let next = parseOperand(reader); next !== undefined; next = parseOperand(reader)) args.push(next);
  if (args.length === 0) return first;
  if (first.kind !== "call") throw reader.fault("arguments for what is no function");
  return { ...first, args };
}

/** `$a :=`, `$a, $b :=` or `$a =` at the start of a pipeline. */
function parseVariables(reader: TokenReader): Pick<Pipeline, "variables" | "isAssignment"> {
  const first = reader.peek();
  const none = { variables: [], isAssignment: false };
  if (first?.kind !== "variable" || first.names.length > 0) return none;
  if (reader.isMark(":=", 1) || reader.isMark("=", 1)) {
    reader.take();
    return { variables: [first.name], isAssignment: !reader.takeMark(":=") && reader.takeMark("=") };
  }
  const second = reader.peek(2);
  if (!reader.isMark(",", 1) || second?.kind !== "variable" || !reader.isMark(":=", 3)) return none;
  for (let count = 0; count < 4; count++) reader.take();
  return { variables: [first.name, second.name], isAssignment: false };
}

function parsePipeline(reader: TokenReader): Pipeline {
  const variables = parseVariables(reader);
  const commands = [parseCommand(reader)];
  while (reader.takeMark("|")) commands.push(parseCommand(reader));
  return { ...variables, commands };
}

function wholePipeline(source: string): Pipeline {
  const reader = new TokenReader(source);
  const pipeline = parsePipeline(reader);
  if (reader.peek() !== undefined) throw reader.fault("unexpected token");
  return pipeline;
}

interface Block {
  readonly nodes: readonly Node[];
  /** The action that ended the block; undefined at the end of the template. */
  readonly end: string | undefined;
}

/** Reads the pieces from the iterator up to `end` or `else`. */
function parseBlock(pieces: Iterator<Piece>, depth = 0): Block {
  if (depth > MAX_DEPTH) throw templateFault(`more than ${MAX_DEPTH} blocks in blocks`);
  const nodes: Node[] = [];
  for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
    const piece = next.value;
    if (piece.kind === "text") {
      if (piece.text !== "") nodes.push(piece);
      continue;
    }
    const [word = "", rest = ""] = /^(\w+)(?:\s+|$)([\s\S]*)$/.exec(piece.source)?.slice(1) ?? [];
    if (word === "end" || word === "else") return { nodes, end: piece.source };
    if (word === "if" || word === "with" || word === "range") nodes.push(parseControl(word, rest, pieces, depth + 1));
    else if (word === "break" || word === "continue") nodes.push({ kind: word });
    else if (word === "define" || word === "template" || word === "block") {
      throw templateFault(`{{${word}}} is not supported`);
    } else if (piece.source === "") throw templateFault("an action is empty");
    else nodes.push({ kind: "output", pipeline: wholePipeline(piece.source) });
  }
  return { nodes, end: undefined };
}

function parseControl(kind: "if" | "with" | "range", source: string, pieces: Iterator<Piece>, depth: number): Node {
  const pipeline = wholePipeline(source);
  const body = parseBlock(pieces, depth);
  if (body.end === undefined) throw templateFault(`{{${kind} ${source}}} has no end`);
  if (!body.end.startsWith("else")) return { kind, pipeline, body: body.nodes, otherwise: [] };
  const again = /^else\s+(if|with)\s+([\s\S]*)$/.exec(body.end);
  if (again?.[1] !== undefined && again[2] !== undefined) {
    // `else if` shares the end of its `if`.
    const nested = parseControl(again[1] === "if" ? "if" : "with", again[2], pieces, depth + 1);
    return { kind, pipeline, body: body.nodes, otherwise: [nested] };
  }
  const otherwise = parseBlock(pieces, depth);
  if (otherwise.end !== "end") throw templateFault(`{{else}} of {{${kind} ${source}}} has no end`);
  return { kind, pipeline, body: body.nodes, otherwise: otherwise.nodes };
}

/** @throws UserError INVALID_OBJECT saying what is wrong and where */
export function parseTemplate(source: string): readonly Node[] {
  const { nodes, end } = parseBlock(splitTemplate(source)[Symbol.iterator]());
  if (end !== undefined) throw templateFault(`unexpected {{${end}}}`);
  return nodes;
}
