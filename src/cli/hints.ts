/** Hints for people and agents at a command line; the daemon's own hints are for its HTTP API. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ApiFailure } from "../client/ClientError.ts"
import type { Failure } from "../Failure.ts"
import { Candidates } from "../ledger/candidates.ts"
import { shellWord } from "./terminal.ts"

/** At most so many of the issues that look alike are named. */
const shown = 3

const candidatesOf = (data: unknown) =>
  Option.filter(Schema.decodeUnknownOption(Candidates())(data), ({ candidates }) => candidates.length > 0)

const named = Schema.decodeUnknownOption(Schema.Struct({ name: Schema.String }))

const Peer = Schema.Struct({ short_id: Schema.String })

/** The issues of a circle; the first link is the one that was asked for. */
const circle = Schema.decodeUnknownOption(
  Schema.Struct({ cycle: Schema.Tuple([Peer, Peer, Peer], Schema.Unknown) })
)

const alike = ({ data }: ApiFailure) =>
  Option.match(candidatesOf(data), {
    onNone: () => "comment on the one that kata search finds",
    onSome: ({ candidates }) => {
      const named = candidates.slice(0, shown).map(({ short_id: id, title }) => `${id} ${JSON.stringify(title)}`)
      return `comment on ${named.join(" or ")}`
    }
  })

/** `force_new=true` is a flag here, and so is `name`. */
const asFlags = (hint: string) =>
  hint.replace(/\b([a-z]+(?:_[a-z]+)*)=true\b/g, (_, name: string) => `--${name.replaceAll("_", "-")}`)
    .replace(/^pass name\b/, "pass --project NAME")
    .replace(/^expected (.+)$/, "pass --confirm \"$1\"")

const wordsOf = (failure: ApiFailure): string => {
  const { code, message } = failure
  if (code === "duplicate_candidates") return `${alike(failure)}, or pass --force-new to create another one`
  if (code === "issue_not_found") {
    return "kata list --status all shows what there is, and kata search --include-deleted finds what was deleted"
  }
  if (code === "project_not_initialized" && message.startsWith("project ")) {
    return "kata projects list shows the projects that there are; kata init makes one of this workspace"
  }
  if (code === "blocks_cycle") {
    return Option.match(circle(failure.data), {
      onNone: () => failure.advice,
      onSome: ({ cycle: [, from, to] }) =>
        `kata edit ${from.short_id} --remove-blocks ${to.short_id} takes away one of them`
    })
  }
  if (code === "project_archived" || (code === "project_name_taken" && message.includes(", which is archived,"))) {
    return `${
      Option.match(named(failure.data), {
        onNone: () => "kata projects restore",
        onSome: ({ name }) => `kata projects restore ${shellWord(name)}`
      })
    } brings it back; or pick another name`
  }
  if (failure.status === 413) {
    return "a text of an issue or comment has less than 1 MiB: keep more in a file, and name that"
  }
  if (code === "auth_required" || code === "auth_invalid") {
    return "the daemon wants the token that it was started with: KATA_AUTH_TOKEN, or token under [auth] in config.toml"
  }
  if (message.startsWith("validation failed: status: ")) return "--status takes open, closed or all"
  // a flag that Go kata's message names, and no kata has
  if (message.includes("kata edit <ref> --label")) return "that label is put on with: kata label add <ref> needs-review"
  return asFlags(failure.advice)
}

const isApiFailure = (failure: Failure): failure is ApiFailure => "_tag" in failure && failure._tag === "ApiFailure"

/** The failure with a hint that a command line can follow. */
export const advised = (failure: Failure): Failure & { readonly code?: string } => {
  if (!isApiFailure(failure)) return failure
  const { _tag, code, isText, kind, message } = failure
  return { _tag, kind, code, message, isText, hint: wordsOf(failure) }
}
