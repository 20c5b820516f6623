/** What is in each project of a snapshot, counted while its records pass. */
import * as Schema from "effect/Schema"
import type { Kind } from "../records/Kind.ts"
import { Comment, Event, Issue, Link, Project } from "../records/kinds.ts"
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

const counted = new Map<Kind, readonly [count: "issues" | "comments" | "links" | "events", group: number]>(
  ([[Issue, "issues", "project_id"], [Comment, "comments", "issue_id"], [Link, "links", "project_id"], [
    Event,
    "events",
    "project_id"
  ]] as const).map(([kind, count, key]) => [kind, [count, groupOf(kind, key)]])
)

/** The counts mean something as long as the records are sound. */
export class Census implements Watch {
  readonly soundness = new Soundness()
  private readonly counts: Array<Counts> = []

  sound(kind: Kind, groups: ReadonlyArray<string | undefined>): void {
    this.soundness.sound(kind, groups)
    if (kind === Project) {
      const { deleted_at, name, uid } = recordIn(kind, groups)
      const archived = deleted_at !== undefined
      this.counts.push({ uid: String(uid), name: String(name), archived, issues: 0, comments: 0, links: 0, events: 0 })
      return
    }
    const what = counted.get(kind)
    if (what === undefined) return
    const [count, group] = what
    const place = this.soundness.place(group)
    const counts = this.counts[count === "comments" ? this.soundness.projectOfIssue(place) : place]
    if (counts !== undefined) counts[count]++
  }

  other(kind: Kind): void {
    this.soundness.other(kind)
  }

  get projects(): ReadonlyArray<ProjectCounts> {
    return this.counts.map((counts) => new ProjectCounts(counts))
  }
}
