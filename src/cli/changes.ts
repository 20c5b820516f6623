/** Changes between two databases, told like a changelog. */
import { createTwoFilesPatch, diffWordsWithSpace } from "diff"
import type { Change, FieldChange } from "../merge/Change.ts"
import type { Counts } from "../merge/Diff.ts"
import { field, plural } from "./report.ts"
import { lines, quote } from "./terminal.ts"

/** Milliseconds that all texts of a report may take to be compared by their words or lines; behind that they are only named. */
const patience = 2000
/** Unchanged characters that are shown beside a change. */
const around = 40

/** A clock for all texts of one report. */
const budget = () => {
  const end = performance.now() + patience
  return () => Math.max(1, Math.min(500, end - performance.now()))
}

/** `[-old-]{+new+}`, with what did not change around it cut short. */
const words = (from: string, to: string, left: () => number): string => {
  const parts = diffWordsWithSpace(from, to, { timeout: left() }) ?? [
    { removed: true, added: false, value: brief(from) },
    { removed: false, added: true, value: brief(to) }
  ]
  return parts.map(({ added, removed, value }, at) => {
    if (added) return `{+${value}+}`
    if (removed) return `[-${value}-]`
    const [head, tail] = [at === 0 ? "" : value.slice(0, around), at === parts.length - 1 ? "" : value.slice(-around)]
    return value.length <= head.length + tail.length + 1 ? value : `${head}…${tail}`
  }).join("")
}

/** A patch; a line end behind both texts keeps the remark away that there is none. */
const unified = (field: string, from: string, to: string, left: () => number): ReadonlyArray<string> => {
  const patch = createTwoFilesPatch(field, field, `${from}\n`, `${to}\n`, "", "", { context: 3, timeout: left() })
  if (patch === undefined) return [`${field}: [-${brief(from)}-]{+${brief(to)}+}`]
  return lines(patch).filter((line, at) => line !== "" && !(at < 2 && /^(?:Index: |=+$)/.test(line)))
}

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

/** How changes of texts are told. */
interface Told {
  readonly asPatch: boolean
  /** Milliseconds that the next text may take. */
  readonly left: () => number
}

const fieldLines = (change: Change, field: FieldChange, { asPatch, left }: Told): ReadonlyArray<string> => {
  const { field: key, from, to } = field
  const name = names[key] ?? key.replaceAll("_", " ")
  const reason = change.fields.find(({ field }) => field === "closed_reason")
  // the numbers are alike, and stand for different rows
  if (from === to) return [`${name}: means another row`]
  if (key === "status") return [to === "closed" ? `closed as ${none(reason?.to ?? null)}` : "reopened"]
  if (key === "deleted_at") {
    return [from === null ? "deleted" : to === null ? "restored" : `deleted at: ${from} → ${to}`]
  }
  if (key === "metadata" || key === "template_metadata") {
    const keys = keysThatDiffer(field)
    if (keys !== undefined && keys.length > 0) return keys.map((text) => `${name} ${text}`)
  }
  if (!texts.has(key)) return [`${name}: ${none(from)} → ${none(to)}`]
  return asPatch
    ? unified(name, from ?? "", to ?? "", left)
    : lines(`${name}: ${words(from ?? "", to ?? "", left)}`)
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
const changeLines = (change: Change, how: Told): ReadonlyArray<string> => {
  const { by, kind, parts, says } = change
  const who = by === null || by === "" ? "" : ` by ${by}`
  if (change.what === "changed") {
    const shown = change.fields.filter(({ field }) => !quiet.has(field))
    const told = shown.length > 0 ? shown : change.fields
    const all = told.flatMap((field) => fieldLines(change, field, how))
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

/** All changes, what belongs to one issue below its name and the time of its newest change. */
export const changelog = (changes: ReadonlyArray<Change>, asPatch: boolean): ReadonlyArray<string> => {
  const how = { asPatch, left: budget() }
  const groups: Array<Array<Change>> = []
  for (const change of changes) {
    const last = groups.at(-1)
    if (last?.[0] !== undefined && groupOf(last[0]) === groupOf(change)) last.push(change)
    else groups.push([change])
  }
  return groups.flatMap((group) => {
    const newest = group.reduce((at, change) => (change.at ?? "") > at ? change.at ?? "" : at, "")
    const { issue = null, kind = "", project = null, title = null } = group[0] ?? {}
    const name = issue === null ? project ?? kind : `${issue}  ${brief(title, 80)}`
    return [
      "",
      `${newest}  ${name}`.trimStart(),
      ...group.flatMap((change) => changeLines(change, how)).map((line) => `    ${line}`)
    ]
  })
}
