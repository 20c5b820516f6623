/** Changes between two databases, told like a changelog. */
import { createTwoFilesPatch, diffWordsWithSpace } from "diff"
import type { Change, FieldChange } from "../merge/Change.ts"
import type { Counts } from "../merge/Diff.ts"
import { field, plural } from "./report.ts"
import { lines, quote } from "./terminal.ts"

/** Words of one text beyond which it is told by its lines: the comparison of words takes the square of their number. */
const wordy = 20_000
/** Unchanged words that are shown beside a change. */
const around = 40

/** `[-old-]{+new+}`, with what did not change around it cut short. */
const words = (from: string, to: string): string => {
  const parts = diffWordsWithSpace(from, to, { timeout: 1000 }) ?? [
    { removed: true, added: false, value: from },
    { removed: false, added: true, value: to }
  ]
  return parts.map(({ added, removed, value }, at) => {
    if (added) return `{+${value}+}`
    if (removed) return `[-${value}-]`
    const [head, tail] = [at === 0 ? "" : value.slice(0, around), at === parts.length - 1 ? "" : value.slice(-around)]
    return value.length <= head.length + tail.length + 1 ? value : `${head}…${tail}`
  }).join("")
}

/** A patch; a line end behind both texts keeps the remark away that there is none. */
const unified = (field: string, from: string, to: string): ReadonlyArray<string> =>
  lines(createTwoFilesPatch(field, field, `${from}\n`, `${to}\n`, "", "", { context: 3 }).replace(/^=+\n/, ""))
    .filter((line) => line !== "")

const texts = new Set(["title", "body", "template_title", "template_body"])

/** What is told by something else that changed with it, or is of no interest to people. */
const quiet = new Set(["updated_at", "revision", "closed_at", "closed_reason", "short_id"])

const names: { readonly [field: string]: string } = { project_id: "project", recurrence_id: "recurrence" }

const none = (value: string | null) => value === null || value === "" ? "none" : value

/** The keys of two JSON objects that differ; undefined when one of them is no object. */
const keysThatDiffer = ({ from, to }: FieldChange): ReadonlyArray<string> | undefined => {
  try {
    const [a, b] = [from, to].map((text) => JSON.parse(text ?? "{}") as { readonly [key: string]: unknown })
    if (typeof a !== "object" || typeof b !== "object" || Array.isArray(a) || Array.isArray(b)) return undefined
    const say = (value: unknown) => value === undefined ? "none" : JSON.stringify(value)
    return [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])].flatMap((key) => {
      const [x, y] = [say(a?.[key]), say(b?.[key])]
      return x === y ? [] : [`${key}: ${x} → ${y}`]
    })
  } catch {
    return undefined
  }
}

const fieldLines = (change: Change, field: FieldChange, asPatch: boolean): ReadonlyArray<string> => {
  const { field: key, from, to } = field
  const name = names[key] ?? key.replaceAll("_", " ")
  const reason = change.fields.find(({ field }) => field === "closed_reason")
  if (key === "status") return [to === "closed" ? `closed as ${none(reason?.to ?? null)}` : "reopened"]
  if (key === "deleted_at") {
    return [from === null ? "deleted" : to === null ? "restored" : `deleted at: ${from} → ${to}`]
  }
  if (key === "metadata" || key === "template_metadata") {
    const keys = keysThatDiffer(field)
    if (keys !== undefined && keys.length > 0) return keys.map((text) => `${name} ${text}`)
  }
  if (!texts.has(key)) return [`${name}: ${none(from)} → ${none(to)}`]
  if (asPatch || (from ?? "").length + (to ?? "").length > wordy) return unified(name, from ?? "", to ?? "")
  return lines(`${name}: ${words(from ?? "", to ?? "")}`)
}

/** The first line of a text, cut to a width. */
const brief = (text: string | null, width = 100): string => {
  const [first = ""] = (text ?? "").split("\n")
  return first.length > width || (text ?? "").includes("\n") ? `${first.slice(0, width - 1)}…` : first
}

const things: { readonly [kind: string]: string } = {
  issue_label: "label",
  project_alias: "workspace",
  import_mapping: "import mapping",
  purge_log: "purge"
}

/** A line for each kind that differs. */
export const differenceCounts = (
  counts: { readonly [kind: string]: Counts },
  [fresh, gone, changed]: readonly [string, string, string]
): ReadonlyArray<string> =>
  Object.entries(counts).map(([kind, n]) => {
    const parts = [[n.new, fresh], [n.gone, gone], [n.changed, changed]] as const
    const all = n.new + n.gone + n.changed
    const told = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`).join(", ")
    return field("", `${plural(all, things[kind] ?? kind).replace(/^\d+ /, "")}: ${told}`)
  })

/** A line for each change, for programs. */
export const changesForAgents = (changes: ReadonlyArray<Change>, more: number): ReadonlyArray<string> => [
  ...changes.map((change) =>
    `- ${change.what} kind=${change.kind} row=${quote(change.row)}` +
    (change.issue === null ? "" : ` issue=${quote(change.issue)}`) +
    (change.says === null ? "" : ` says=${quote(change.says)}`) +
    change.fields.map((one) => ` ${one.field}=${quote(`${one.from ?? ""} → ${one.to ?? ""}`)}`).join("")
  ),
  ...(more === 0 ? [] : [`- more=${more}`])
]

const what = { new: "+", gone: "-", changed: "~" } as const

/** The lines of one change, without the issue that it is about. */
const changeLines = (change: Change, asPatch: boolean): ReadonlyArray<string> => {
  const { by, kind, parts, says } = change
  const who = by === null || by === "" ? "" : ` by ${by}`
  if (change.what === "changed") {
    const shown = change.fields.filter(({ field }) => !quiet.has(field))
    const told = shown.length > 0 ? shown : change.fields
    const all = told.flatMap((field) => fieldLines(change, field, asPatch))
    return kind === "issue" ? all : all.map((line) => `${things[kind] ?? kind} ${says ?? change.row}: ${line}`)
  }
  if (kind === "issue") {
    const with_ = Object.entries(parts).filter(([kind]) => kind !== "event").map(([kind, n]) =>
      plural(n, things[kind] ?? kind)
    )
    return [
      `${change.what === "new" ? "created" : "gone"}${who}${with_.length === 0 ? "" : `, with ${with_.join(", ")}`}`
    ]
  }
  if (kind === "purge_log" && change.what === "new") return [`purged${who}: ${brief(says)}`]
  return [`${what[change.what]} ${things[kind] ?? kind}${kind === "comment" ? `${who}:` : ""} ${brief(says)}`]
}

const groupOf = (change: Change): string => change.issue_uid ?? `${change.kind} ${change.row} ${change.what}`

/** All changes, what belongs to one issue below its name. */
export const changelog = (changes: ReadonlyArray<Change>, asPatch: boolean): ReadonlyArray<string> => {
  const out: Array<string> = []
  let last: string | undefined
  for (const change of changes) {
    if (groupOf(change) !== last) {
      last = groupOf(change)
      const { at, issue, project, title } = change
      const name = issue === null ? project ?? change.kind : `${issue}  ${brief(title, 80)}`
      out.push("", `${at ?? ""}  ${name}`.trimStart())
    }
    out.push(...changeLines(change, asPatch).map((line) => `    ${line}`))
  }
  return out
}
