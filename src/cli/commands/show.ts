import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Shown } from "../../api/answers.ts"
import { answer } from "../answer.ts"
import { toggle } from "../Argv.ts"
import { atIssue, command } from "../daemon.ts"
import { names, parts } from "../evidence.ts"
import { heading, notes, refArgument, stateOf } from "../issue.ts"
import { refOf } from "../refs.ts"
import { fenced, lines, quote, quoted, singleLine } from "../terminal.ts"

type Shown = typeof Shown.Type

/** Seen from this issue: what the other one is to it. */
const linked = ({ issue, links }: Shown) =>
  links.map(({ from, to, type }) => {
    const isFrom = from.uid === issue.uid
    const word = type === "parent" ? (isFrom ? "parent" : "child") : type === "blocks" && !isFrom ? "blocked-by" : type
    return { word, id: (isFrom ? to : from).short_id }
  })

/** Lines of a body below their heading. */
const indented = (text: string) => lines(text).map((line) => line === "" ? "" : `  ${line}`)

const targets: Readonly<Record<string, string>> = { "duplicate-of": "Duplicate of", "superseded-by": "Superseded by" }

/** What was said when it was closed. An issue of the evidence is named as what it is now. */
const closed = ({ close }: Shown): ReadonlyArray<string> => {
  if (close === undefined) return []
  const { actor, created_at: at, evidence = [], message, reason, target } = close
  return [
    "",
    `Closed as ${reason} by ${singleLine(actor)}, ${at}`,
    ...(message === undefined ? [] : indented(message)),
    ...evidence.map((item) => {
      const [type, value] = parts(item)
      const name = targets[type]
      if (name === undefined) return `  ${type}: ${value}`
      return `  ${name}: ${target === undefined ? value : `${target.short_id}  ${target.status}  ${target.title}`}`
    })
  ]
}

const section = (name: string, rows: ReadonlyArray<string>) => rows.length === 0 ? [] : ["", `--- ${name} ---`, ...rows]

const human = (shown: Shown): ReadonlyArray<string> => {
  const { comments, issue, labels } = shown
  return [
    `${issue.short_id}  ${issue.title}  [${stateOf(issue)}]  by ${issue.author}`,
    ...(issue.deleted_at === undefined ? [] : [`Deleted: ${issue.deleted_at}`]),
    ...(issue.body === "" ? [] : ["", ...lines(issue.body)]),
    ...section("comments", comments.flatMap(({ author, body }) => lines(`${singleLine(author)}: ${body}`))),
    ...section("labels", labels.length === 0 ? [] : [labels.map(({ label }) => label).join(", ")]),
    ...section("links", linked(shown).map(({ id, word }) => `${word}: ${id}`)),
    ...closed(shown)
  ]
}

const closedForAgents = ({ close }: Shown): ReadonlyArray<string> => {
  if (close === undefined) return []
  const { actor, created_at: at, evidence = [], message } = close
  return [
    `Closed-At: ${at}`,
    `Closed-By: ${quote(actor)}`,
    ...(message === undefined ? [] : [`Message: ${quoted(message)}`]),
    ...(evidence.length === 0 ? [] : [`Evidence: ${evidence.map(names).join(",")}`])
  ]
}

const agent = (shown: Shown): ReadonlyArray<string> => {
  const { comments, issue, labels } = shown
  const links = linked(shown)
  return [
    ...heading("show", issue),
    `Status: ${issue.status}`,
    ...(issue.closed_reason === undefined ? [] : [`Reason: ${issue.closed_reason}`]),
    ...(issue.owner === undefined || issue.owner === "" ? [] : [`Owner: ${quote(issue.owner)}`]),
    ...(labels.length === 0 ? [] : [`Labels: ${labels.map(({ label }) => quote(label)).join(",")}`]),
    ...(issue.priority === undefined ? [] : [`Priority: ${quote(String(issue.priority))}`]),
    ...(issue.body === "" ? [] : ["Body:", ...fenced(issue.body)]),
    ...(issue.metadata.text === "{}" ? [] : [`Metadata: ${issue.metadata.text}`]),
    ...(links.length === 0 ? [] : ["Links:", ...links.map(({ id, word }) => `- type=${word} issue=${id}`)]),
    ...comments.flatMap(({ author, body, created_at: at }) => [
      `Comment: author=${quote(author)} created_at=${at}`,
      ...fenced(body)
    ]),
    ...closedForAgents(shown),
    ...(issue.deleted_at === undefined ? [] : [`Deleted-At: ${issue.deleted_at}`])
  ]
}

export const show = command(
  "show",
  {
    ref: refArgument,
    includeDeleted: toggle("include-deleted", false).pipe(Options.withDescription("also when it is deleted"))
  },
  answer(Shown, { human, quiet: human, aside: ({ issue }) => notes([issue]), agent }),
  ({ includeDeleted, ref }) =>
    Effect.gen(function*() {
      const { client, path } = yield* atIssue(yield* refOf(ref))
      return yield* client.call("issueShow", { path, query: { include_deleted: includeDeleted || undefined } })
    }),
  {
    description: "Everything about one issue: its text, comments, labels and links, and what it was closed with.",
    examples: [["kata show abc4", ""], ["kata show app#abc4 --json", "of another project, for a program"]]
  }
)
