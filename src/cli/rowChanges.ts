/** How many rows came in, changed and went, as people read it. */
import type { Changes } from "../changes/changeset.ts"
import type { Counts } from "../changes/Counts.ts"
import { field } from "./report.ts"

const kinds: { readonly [kind: string]: string } = {
  project: "projects",
  project_alias: "aliases",
  recurrence: "recurrences",
  issue: "issues",
  comment: "comments",
  issue_label: "labels",
  link: "links",
  import_mapping: "import mappings",
  event: "events",
  purge_log: "purges"
}

const change = ({ changed, gone, new: fresh }: Counts) =>
  [
    ...(fresh > 0 ? [`${fresh} new`] : []),
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(gone > 0 ? [`${gone} gone`] : [])
  ].join(", ")

/** A line for each kind. */
export const changeFields = (changes: Changes): ReadonlyArray<string> =>
  Object.entries(changes).map(([kind, counts]) => field(kinds[kind] ?? kind, change(counts)))

/** The same for agents, as in ` issue=+3-0~1`. */
export const changeWords = (changes: Changes): string =>
  Object.entries(changes).map(([kind, { changed, gone, new: fresh }]) => ` ${kind}=+${fresh}-${gone}~${changed}`).join(
    ""
  )
