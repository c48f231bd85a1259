/** Variables in texts that a kubelet expands, such as `subPathExpr` and `args`. Pure. */

/**
 * Names that `$(NAME)` stands for in a text; `$$(NAME)` is no variable. By hand and in one walk, since such texts come from annotations.
 *
 * @returns each name once, in order
 */
export function namesInExpression(text: string): readonly string[] {
  const names = new Set<string>();
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", at)) {
    if (text[at + 1] !== "(") {
      // Of two dollars the first says that the second is one.
      at += text[at + 1] === "$" ? 2 : 1;
      continue;
    }
    const end = text.indexOf(")", at);
    if (end < 0) break;
    names.add(text.slice(at + 2, end));
    at = end + 1;
  }
  return [...names];
}
