/** Where a source can be made wrong by one small change, by rule: a site is a place, and what would stand there instead. */
import ts from "typescript"

const turned = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "&&": ["||"],
  "||": ["&&"]
}

const turnedInSql = {
  "=": ["<>"],
  "<>": ["="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "IS NULL": ["IS NOT NULL"],
  "IS NOT NULL": ["IS NULL"],
  "DESC": ["ASC"]
}

/** What confirms on disk: calls of these, and `file.sync`. */
const syncs = new Set(["sync", "syncDirectory", "confirm"])

const isEffect = (node, name) =>
  ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) &&
  node.expression.expression.getText() === "Effect" && node.expression.name.text === name

const isComparison = (node) => ts.isBinaryExpression(node) && turned[node.operatorToken.getText()] !== undefined

/** Numbers one off. */
const offBy = (digits) => {
  const big = digits.endsWith("n")
  const value = BigInt(digits.replace(/n$/, "").replaceAll("_", ""))
  return [value + 1n, value - 1n].filter((other) => other >= 0n).map((other) => `${other}${big ? "n" : ""}`)
}

/** The changes of one node: the rule, the place, what would stand there. */
function* changesOf(node) {
  const at = (rule, place, text) => ({ rule, from: place.getStart(), to: place.getEnd(), text })

  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken
    for (const other of turned[operator.getText()] ?? []) yield at("comparison", operator, other)
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    yield at("comparison", node, node.operand.getText())
  }
  const condition = ts.isIfStatement(node) || ts.isWhileStatement(node)
    ? node.expression
    : ts.isConditionalExpression(node)
    ? node.condition
    : undefined
  if (condition !== undefined && !isComparison(condition) && !ts.isPrefixUnaryExpression(condition)) {
    yield at("comparison", condition, `!(${condition.getText()})`)
  }

  if (ts.isExpressionStatement(node)) {
    const skipped = ts.isYieldExpression(node.expression) || ts.isAwaitExpression(node.expression)
    yield at(skipped ? "await" : "statement", node, "void 0")
  }
  if (ts.isThrowStatement(node) || (ts.isIfStatement(node) && node.elseStatement === undefined)) {
    yield at("statement", node, "void 0")
  }

  if (isEffect(node, "zipRight")) {
    const [first, second] = node.arguments
    yield second === undefined ? at("await", node, "Effect.asVoid") : at("await", node, second.getText())
    if (second !== undefined) yield at("await", node, first.getText())
  }
  if (isEffect(node, "tap")) {
    const [first, second] = node.arguments
    yield at("await", node, second === undefined ? "Effect.map((same) => same)" : first.getText())
  }

  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && syncs.has(node.expression.text)) {
    yield at("sync", node, "Effect.void")
  }
  if (
    ts.isPropertyAccessExpression(node) && node.name.text === "sync" && node.expression.getText() !== "Effect" &&
    !ts.isCallExpression(node.parent)
  ) yield at("sync", node, "Effect.void")

  if (ts.isNumericLiteral(node) || ts.isBigIntLiteral(node)) {
    const text = node.getText()
    const isWhole = /^(?:0[xo][0-9a-f_]+|\d[\d_]*)n?$/i.test(text)
    if (isWhole && !ts.isLiteralTypeNode(node.parent)) {
      for (const other of offBy(text)) yield at("constant", node, other)
    }
  }
  yield* sqlChanges(node)
}

const isText = (node) =>
  ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node) ||
  ts.isTemplateMiddle(node) || ts.isTemplateTail(node)

const templateOf = (node) => {
  const template = ts.isTemplateSpan(node.parent)
    ? node.parent.parent
    : ts.isTemplateExpression(node.parent)
    ? node.parent
    : node
  return ts.isTaggedTemplateExpression(template.parent) ? template.parent : template
}

/** Comparisons and numbers in the text of a query. */
function* sqlChanges(node) {
  if (!isText(node)) return
  const whole = templateOf(node)
  const tagged = ts.isTaggedTemplateExpression(whole) && whole.tag.getText() === "sql"
  if (!tagged && !/\b(?:SELECT|WHERE|UPDATE|DELETE FROM)\b/.test(whole.getText())) return
  const [start, text] = [node.getStart(), node.getText()]
  for (const match of text.matchAll(/(?<= )(?:[<>]=?|<>|=)(?= |$)|\bIS (?:NOT )?NULL\b|\bDESC\b/g)) {
    const clause = [...text.slice(0, match.index).matchAll(/\b(?:WHERE|AND|OR|ON|SET|PRAGMA)\b/g)].at(-1)?.[0]
    if (clause === "SET" || clause === "PRAGMA") continue
    const from = start + match.index
    for (const other of turnedInSql[match[0]] ?? []) {
      yield { rule: "comparison", from, to: from + match[0].length, text: other }
    }
  }
  for (const match of text.matchAll(/(?<=[ (-])\d+\b(?![\w:])/g)) {
    const from = start + match.index
    for (const other of offBy(match[0])) yield { rule: "constant", from, to: from + match[0].length, text: other }
  }
}

const folded = (text) => text.replace(/\s+/g, " ").trim()

/** All sites of a source, in its order. */
export const sitesOf = (file, text) => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const sites = []
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return
    for (const change of changesOf(node)) {
      const start = text.lastIndexOf("\n", change.from - 1) + 1
      const end = text.indexOf("\n", change.to)
      const [before, behind] = [text.slice(start, change.from), text.slice(change.to, end < 0 ? text.length : end)]
      sites.push({
        file,
        rule: change.rule,
        line: source.getLineAndCharacterOfPosition(change.from).line + 1,
        from: change.from,
        to: change.to,
        text: change.text,
        before: folded(before + text.slice(change.from, change.to) + behind),
        after: folded(before + change.text + behind)
      })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return sites
}

/** The source with the change of a site. */
export const changed = (text, site) => text.slice(0, site.from) + site.text + text.slice(site.to)
