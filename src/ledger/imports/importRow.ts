/**
 * An import as lines of JSON, which may be as many as there are: a head, an issue or a name a line, an end. What is beside the fields of an
 * issue is kept under one key of its metadata, which is the importer's: by it the next import knows what this one brought.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { members } from "../../records/json.ts"
import { Comment, Item, may, wrongIn } from "./importBatch.ts"

export const Policy = Schema.Literal("kata", "source", "newer", "fail")
export type Policy = typeof Policy.Type

/** The first line. */
export const Head = Schema.Struct({
  kind: Schema.Literal("head"),
  actor: Schema.String,
  source: Schema.String,
  /** The key of the metadata that is the importer's. */
  key: Schema.String,
  /** Who is right where both sides have changed the same. */
  on_conflict: Policy,
  /** Issues that the source has no more are closed; else they get a label. */
  prune: Schema.Boolean,
  /** Also when most of them are gone. */
  force: Schema.Boolean,
  /** The names that the source has changed: those that begin so, and how they begin now. */
  rename: may(Schema.Struct({ from: Schema.String, to: Schema.String })),
  /** Everything but the commit. */
  dry_run: Schema.Boolean
})
export type Head = typeof Head.Type

const Link = Schema.Struct({
  type: Schema.Literal("parent", "blocks", "blocked_by", "related"),
  target_external_id: Schema.String
})

/** What the importer knows of an issue; of the rest of it nothing is asked here. */
export const State = Schema.Struct({
  v: Schema.Literal(1),
  /** Of all that the source says of it. */
  hash: Schema.String,
  title_hash: Schema.String,
  body_hash: Schema.String,
  /** What became of it in the fields of an issue, short ones. */
  imported: Schema.Struct({
    status: Schema.String,
    closed_reason: may(Schema.String),
    owner: may(Schema.String),
    priority: may(Schema.Number)
  })
})
export type State = typeof State.Type

const Issue = Schema.Struct({
  ...Item.fields,
  kind: Schema.Literal("issue"),
  priority: may(Schema.BigIntFromNumber),
  comments: may(
    Schema.Array(Schema.Struct({ ...Comment.fields, formerly: may(Schema.String), ordinal: may(Schema.Int) }))
  ),
  links: may(Schema.Array(Link)),
  /** The issue of this ledger that the source has made it of. */
  origin: may(Schema.Struct({ uid: Schema.String, unchanged: Schema.Boolean })),
  state: State
})

/** An issue, and its state as it is spelled. */
export type Row = typeof Issue.Type & { readonly spelled: string }

/** What the source still has, and what does not come: it is left out by a rule, or deleted there. */
const Other = Schema.Struct({
  kind: Schema.Literal("other"),
  external_id: Schema.String,
  deleted: Schema.Boolean
})

/** The last line: without it the import was cut off. */
const End = Schema.Struct({ kind: Schema.Literal("end"), issues: Schema.Int })

export type RowLine = Row | typeof Other.Type | typeof End.Type

const decodeHead = Schema.decodeUnknownEither(Schema.parseJson(Head))
const decodeLine = Schema.decodeUnknownEither(Schema.parseJson(Schema.Union(Issue, Other, End)))
const decodeState = Schema.decodeUnknownOption(Schema.parseJson(State))

const sentence = (error: ParseResult.ParseError): string => {
  const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
  return first === undefined ? "unreadable" : `${first.path.map(String).join(".") || "line"}: ${first.message}`
}

/** The head that a text is, or what is wrong with it. */
export const headIn = (text: string): Either.Either<Head, string> => Either.mapLeft(decodeHead(text), sentence)

/** The line that a text is, or what is wrong with it. */
export const lineIn = (text: string): Either.Either<RowLine, string> =>
  Either.flatMap(Either.mapLeft(decodeLine(text), sentence), (line): Either.Either<RowLine, string> => {
    if (line.kind !== "issue") return Either.right(line)
    const wrong = wrongIn(line)
    if (wrong !== undefined) return Either.left(wrong)
    const spelled = new Map(members(text)).get("state") ?? "{}"
    return Either.right({ ...line, spelled })
  })

/** The state in metadata of an issue: none where the key is not there, nothing where it is somebody else's. */
export const stateIn = (metadata: string, key: string): Option.Option<Option.Option<State>> => {
  const raw = new Map(members(metadata)).get(key)
  return raw === undefined ? Option.none() : Option.some(decodeState(raw))
}
