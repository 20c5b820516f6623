/** One record of Beads: a line of `bd export`, of a committed file, or of what other programs write in that form. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { elements, members } from "../records/json.ts"
import { object, type Origin, unwrapped } from "./wrap.ts"

/** What is null or empty is not there. */
const text = Schema.optionalWith(Schema.String, { nullable: true, exact: true })
const flag = Schema.optionalWith(Schema.Boolean, { nullable: true, exact: true })
const count = Schema.optionalWith(Schema.Number, { nullable: true, exact: true })

const Dependency = Schema.Struct({
  depends_on_id: text,
  /** Of another program. */
  id: text,
  type: text,
  created_at: text
})

const Comment = Schema.Struct({
  issue_id: text,
  author: text,
  text: text,
  body: text,
  created_at: text
})

/** The keys that mean something here. All others are kept as they are. */
const Known = Schema.Struct({
  id: Schema.String,
  title: text,
  description: text,
  status: text,
  issue_type: text,
  assignee: text,
  owner: text,
  created_by: text,
  created_at: text,
  updated_at: text,
  closed_at: text,
  close_reason: text,
  labels: Schema.optionalWith(Schema.Array(Schema.NullOr(Schema.String)), { nullable: true, exact: true }),
  dependencies: Schema.optionalWith(Schema.Array(Dependency), { nullable: true, exact: true }),
  comments: Schema.optionalWith(Schema.Array(Comment), { nullable: true, exact: true }),
  comment_count: count,
  dependency_count: count,
  ephemeral: flag,
  wisp: flag,
  is_template: flag
})

export interface BeadsDependency {
  readonly target: string
  readonly type: string
  readonly created_at: string | undefined
  /** What is odd about how it is written. */
  readonly oddity: string | undefined
  /** As it is spelled, without what the record says anyway. */
  readonly spelled: string
}

export interface BeadsComment {
  /** As it is spelled; a number may be longer than numbers are exact. */
  readonly id: string | undefined
  readonly issue: string | undefined
  readonly author: string
  readonly text: string
  readonly created_at: string | undefined
}

export interface BeadsRecord extends Omit<typeof Known.Type, "dependencies" | "comments" | "labels"> {
  readonly line: number
  readonly labels: ReadonlyArray<string>
  readonly dependencies: ReadonlyArray<BeadsDependency>
  /** None where the record does not say. */
  readonly comments: ReadonlyArray<BeadsComment> | undefined
  /** All members as they are spelled; of a key that stands twice the last. */
  readonly members: ReadonlyMap<string, string>
  /** A key stands twice. */
  readonly isDoubled: boolean
  /** The issue of kata that it was made of. */
  readonly origin: Origin | undefined
}

/** What a line is, which is not always an issue. */
export type Read =
  | { readonly is: "issue"; readonly record: BeadsRecord }
  | { readonly is: "memory" }
  /** Another kind of record, by the name that it has there. */
  | { readonly is: "unknown"; readonly type: string }

/** Why it is none. `damaged`: it is no JSON. */
export interface Misread {
  readonly id: string | undefined
  readonly field?: string | undefined
  readonly reason: string
  readonly next?: string | undefined
  readonly isDamaged: boolean
}

/** With the two objects that it comes into, what SQLite takes for JSON: a thousand levels. */
const deepest = 996

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" && value !== null &&
  (levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1)))

const decode = Schema.decodeUnknownEither(Known)

const parsed = (line: string): Either.Either<unknown, string> =>
  Either.try({
    try: (): unknown => JSON.parse(line),
    catch: (error) => error instanceof Error ? error.message : String(error)
  })

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const conflict = /^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/

/** What text is that is no JSON. */
const broken = (line: string, why: string): Misread => {
  const id = /"id"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(line.slice(0, 4096))?.[1]
  const common = { id, isDamaged: true }
  if (conflict.test(line)) {
    return {
      ...common,
      reason: "is a mark of a merge conflict",
      next: "resolve the conflict in git, then import again"
    }
  }
  if (/^\s*[{[]\s*$/.test(line)) {
    return {
      ...common,
      reason: "begins JSON that goes on over several lines: a record is one line",
      next: "jq -c . makes lines of it"
    }
  }
  return { ...common, reason: `is no JSON: ${why}` }
}

const wrong = (id: string | undefined, reason: string, next?: string): Misread => ({
  id,
  reason,
  next,
  isDamaged: false
})

const notOurs = "is not a bd export record"

/** Lines of other programs, each by what it is. */
const foreign = (value: { readonly [key: string]: unknown }): Misread | undefined => {
  const id = typeof value["id"] === "string" ? value["id"] : undefined
  if ("bead_id" in value && "action" in value) {
    return wrong(id, `${notOurs}: it is a change of one, as another program logs them`, "import the file of the issues")
  }
  if ([value["ephemeral"], value["is_template"], value["pinned"]].some((one) => typeof one === "number")) {
    return wrong(
      id,
      `${notOurs}: it is a row of bd's backup folder`,
      "bd restores a backup; then import what bd export writes"
    )
  }
  const { dependencies } = value
  if (Array.isArray(dependencies) && dependencies.some((one) => typeof one === "string")) {
    return wrong(id, `${notOurs}: its dependencies are ids alone, as another program writes them`)
  }
  if (typeof value["type"] === "string" && !("issue_type" in value)) {
    return wrong(id, `${notOurs}: it has type instead of issue_type, as another program writes it`)
  }
  if (id === undefined || id.trim() === "") return wrong(undefined, `${notOurs}: it has no id`)
  return undefined
}

/** The objects of a list, their members as they are spelled. */
const whole = (raw: string | undefined): ReadonlyArray<ReadonlyMap<string, string>> =>
  raw === undefined ? [] : [...elements(raw) ?? []].map((one) => new Map(members(one)))

const dependencyOf = (known: typeof Dependency.Type, spelled: ReadonlyMap<string, string>): BeadsDependency => {
  const target = known.depends_on_id ?? known.id ?? ""
  const rest = [...spelled].filter(([key]) => key !== "issue_id" && key !== "depends_on_id" && key !== "id")
  const all = [["id", JSON.stringify(target)] as const, ...rest]
  return {
    target,
    type: known.type === undefined || known.type === "" ? "blocks" : known.type,
    created_at: known.created_at,
    oddity: known.depends_on_id === undefined && target !== ""
      ? "edges that name their target as id"
      : known.type === undefined || known.type === ""
      ? "edges without a type: blocks"
      : undefined,
    spelled: `{${all.map(([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(",")}}`
  }
}

/** The comments of a list, as `bd comments` prints them, too. */
export const commentsOf = (
  known: ReadonlyArray<typeof Comment.Type>,
  raw: string | undefined
): ReadonlyArray<BeadsComment> => {
  const spelled = whole(raw)
  return known.map(({ author = "", body = "", created_at, issue_id, text = body }, i) => {
    const id = spelled[i]?.get("id")
    return {
      id: id === undefined || id === "null" || id === "\"\""
        ? undefined
        : id.startsWith("\"")
        ? String(JSON.parse(id))
        : id,
      issue: issue_id,
      author,
      text,
      created_at
    }
  })
}

export const decodeComments = Schema.decodeUnknownEither(Schema.Array(Comment))

const misfit = (id: string, error: ParseResult.ParseError): Misread => {
  const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
  const field = first?.path.map(String).join(".")
  return { id, field, reason: `is not what it has to be: ${first?.message ?? "unreadable"}`, isDamaged: false }
}

/** Reads a line, which has no LF. */
export const recordIn = (text: string, line: number): Either.Either<Read, Misread> => {
  const value = parsed(text)
  if (Either.isLeft(value)) return Either.left(broken(text, value.left))
  if (!isObject(value.right)) return Either.left(wrong(undefined, `${notOurs}: it is no object`))
  const type = value.right["_type"]
  if (type === "memory") return Either.right({ is: "memory" })
  if (type !== undefined && type !== "issue") return Either.right({ is: "unknown", type: String(type) })
  const other = foreign(value.right)
  if (other !== undefined) return Either.left(other)
  const id = String(value.right["id"])
  if (isDeeper(value.right, deepest)) return Either.left(wrong(id, `is nested more than ${deepest} times`))
  const spelled = [...members(text) ?? []]
  const found = new Map(spelled)
  const { members: all, origin } = unwrapped(found)
  // one that was here before is what it was then, under the name that it has there
  const known = decode(all === found ? value.right : JSON.parse(object(all)))
  if (Either.isLeft(known)) return Either.left(misfit(id, known.left))
  const { comments, dependencies = [], labels = [], ...rest } = known.right
  const edges = whole(all.get("dependencies"))
  return Either.right({
    is: "issue",
    record: {
      ...rest,
      id,
      line,
      labels: labels.filter((label) => label !== null),
      dependencies: dependencies.map((one, i) => dependencyOf(one, edges[i] ?? new Map())),
      comments: comments === undefined ? undefined : commentsOf(comments, all.get("comments")),
      members: all,
      isDoubled: found.size < spelled.length,
      origin
    }
  })
}
