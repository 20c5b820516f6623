/** What a user has done, as far as it changed something: in the model already, and for a driver to do to a real database. */
import type { Ends, Issue } from "./database.ts"

export type Deed =
  | { readonly do: "make a project"; readonly project: string; readonly name: string }
  | { readonly do: "rename"; readonly project: string; readonly name: string }
  | { readonly do: "archive"; readonly project: string }
  | { readonly do: "change the area"; readonly project: string; readonly value: string }
  | { readonly do: "attach"; readonly project: string; readonly alias: string }
  | { readonly do: "detach"; readonly project: string; readonly alias: string }
  /** `forgetful`: as Go kata does it, which deletes the recurrences. */
  | { readonly do: "merge projects"; readonly from: string; readonly to: string; readonly forgetful: boolean }
  | {
    readonly do: "create"
    readonly issue: string
    readonly project: string
    readonly labels: ReadonlyArray<string>
    readonly links: ReadonlyArray<Ends>
  }
  | { readonly do: "import an issue"; readonly issue: string; readonly project: string; readonly item: string }
  | { readonly do: "import a change"; readonly issue: string; readonly item: string; readonly after: Readonly<Issue> }
  | {
    readonly do: "import a comment"
    readonly issue: string
    readonly item: string
    readonly comment: number
    readonly external: string
  }
  | { readonly do: "make a recurrence"; readonly recurrence: string; readonly issue: string; readonly project: string }
  | {
    readonly do: "change a recurrence"
    readonly recurrence: string
    readonly field: "rule" | "template"
    readonly value: string
  }
  | { readonly do: "delete a recurrence"; readonly recurrence: string }
  | { readonly do: "edit"; readonly issue: string; readonly fields: { readonly [field: string]: string } }
  /** `next`: the issue that closing a recurring one makes. */
  | { readonly do: "close"; readonly issue: string; readonly reason: string; readonly next: string | undefined }
  | { readonly do: "reopen" | "delete" | "restore"; readonly issue: string }
  | { readonly do: "assign"; readonly issue: string; readonly owner: string | null }
  | { readonly do: "prioritise"; readonly issue: string; readonly priority: number | null }
  | { readonly do: "label"; readonly issue: string; readonly label: string; readonly on: boolean }
  /** `link` as it is stored; `issue` is the end that was acted on. */
  | { readonly do: "link"; readonly issue: string; readonly link: Ends; readonly on: boolean }
  | {
    readonly do: "change links"
    readonly issue: string
    readonly parent: string | undefined
    readonly add: ReadonlyArray<string>
    readonly remove: ReadonlyArray<string>
  }
  | {
    readonly do: "comment"
    readonly issue: string
    readonly comment: number
    readonly author: string
    readonly body: string
  }
  /** Of a time when no event told of it. */
  | { readonly do: "comment without event"; readonly issue: string; readonly comments: ReadonlyArray<number> }
  | { readonly do: "change metadata"; readonly issue: string; readonly key: string; readonly value: string | null }
  | { readonly do: "move"; readonly issue: string; readonly from: string; readonly to: string }
  | { readonly do: "purge"; readonly issue: string; readonly purge: string }

/** One operation of a history: its number, by whom (-1: before the database was copied), what, and three numbers that say on what. */
export interface Step {
  readonly k: number
  readonly by: number
  readonly name: string
  readonly a: number
  readonly b: number
  readonly c: number
}

export interface Config {
  readonly seed: number
  readonly replicas: number
  /** Updates say what they changed. */
  readonly modern: boolean
  /** Links may go round, as older katas let them. */
  readonly circles: boolean
  readonly skew: ReadonlyArray<number>
  readonly apply: boolean
  /** No purges, archived projects, merged projects. */
  readonly calm: boolean
  readonly projectMerges: boolean
  /** Project files and single issues are merged, too. */
  readonly files: boolean
  readonly issues: boolean
}

/** Where an operation happens. */
export interface At {
  readonly step: Step
  readonly now: number
  readonly config: Config
  /** The uid of its event. */
  readonly uid: string
}

export const pad = (k: number): string => String(k).padStart(3, "0")
