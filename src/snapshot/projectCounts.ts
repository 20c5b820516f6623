/** What is in each project of a snapshot, counted while its records pass. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { recordIn } from "../records/line.ts"
import { groupOf } from "../records/linePatterns.ts"
import { Soundness, type Watch } from "../records/Soundness.ts"

export class ProjectCounts extends Schema.Class<ProjectCounts>("ProjectCounts")({
  uid: Schema.String,
  name: Schema.String,
  archived: Schema.Boolean,
  issues: Schema.Int,
  comments: Schema.Int,
  links: Schema.Int,
  events: Schema.Int
}) {}

type Counts = { -readonly [key in keyof typeof ProjectCounts.Type]: (typeof ProjectCounts.Type)[key] }

/** What is counted by which field: that of the project, or for comments that of the issue. */
const fields = { issue: "project_id", comment: "issue_id", link: "project_id", event: "project_id" } as const
const counts = { issue: "issues", comment: "comments", link: "links", event: "events" } as const

/** The counts mean something as long as the records are sound. */
export class Census implements Watch {
  readonly soundness: Soundness
  private readonly counts: Array<Counts> = []
  private readonly project: Kind | undefined
  private readonly issue: Kind | undefined
  private readonly counted: ReadonlyMap<Kind, readonly [count: (typeof counts)[keyof typeof counts], group: number]>

  constructor(format: Format) {
    this.soundness = new Soundness(format)
    this.project = Option.getOrUndefined(format.kindOf("project"))
    this.issue = Option.getOrUndefined(format.kindOf("issue"))
    this.counted = new Map(
      (["issue", "comment", "link", "event"] as const).flatMap((name) =>
        Option.match(format.kindOf(name), {
          onNone: () => [],
          onSome: (kind) => [[kind, [counts[name], groupOf(kind, fields[name])] as const] as const]
        })
      )
    )
  }

  sound(kind: Kind, groups: ReadonlyArray<string | undefined>): void {
    this.soundness.sound(kind, groups)
    if (kind === this.project) {
      const { deleted_at, name, uid } = recordIn(kind, groups)
      const archived = deleted_at !== undefined
      this.counts.push({ uid: String(uid), name: String(name), archived, issues: 0, comments: 0, links: 0, events: 0 })
      return
    }
    const what = this.counted.get(kind)
    if (what === undefined) return
    const [count, group] = what
    const place = this.soundness.place(group)
    const project = count !== "comments"
      ? place
      : this.issue === undefined
      ? -1
      : this.soundness.placeIn(this.issue, "project_id", place)
    const counts = this.counts[project]
    if (counts !== undefined) counts[count]++
  }

  other(kind: Kind): void {
    this.soundness.other(kind)
  }

  get projects(): ReadonlyArray<ProjectCounts> {
    return this.counts.map((counts) => new ProjectCounts(counts))
  }
}
