import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Mutation } from "../../ledger/model.ts"
import { actor } from "../actor.ts"
import { answerWith } from "../answer.ts"
import { text, texts, toggle } from "../Argv.ts"
import { bodyFlags, bodyOf } from "../body.ts"
import { command, inProject } from "../daemon.ts"
import { heading, line } from "../issue.ts"
import { addFlags } from "../links.ts"
import { allFilled, filled, isBlank, only, priorityOf, refsOf, refused, within } from "../refs.ts"

/** What was linked, in words: `+parent abc4`. */
type Links = ReadonlyArray<string>

const format = answerWith<Mutation, typeof Mutation.Encoded, Links>(Mutation, {
  human: ([{ changed, issue, reused = false }, links]) => [
    line(issue) +
    (changed && links.length > 0 ? ` links: ${links.join(", ")}` : reused ? " (reused; nothing changed)" : "")
  ],
  quiet: ([{ issue }]) => [issue.short_id],
  agent: ([{ issue, reused = false }]) => [
    ...heading("create", issue, reused ? " reused=true changed=false" : ""),
    `Status: ${issue.status}`
  ]
})

/** A list of labels is separated by commas. */
const labelsOf = (values: ReadonlyArray<string>) => {
  const labels = values.flatMap((value) => value.split(",")).map((label) => label.trim())
  return allFilled("--label", labels)
}

export const create = command(
  "create",
  {
    title: Args.text({ name: "title" }).pipe(Args.withDescription("one line")),
    ...bodyFlags,
    label: texts("label", "labels").pipe(Options.withDescription("labels; commas or again for more")),
    owner: text("owner", "actor").pipe(Options.withDescription("who works on it"), Options.withDefault(undefined)),
    priority: Options.integer("priority").pipe(
      Options.withDescription("0 to 4, 0 is the highest"),
      Options.withDefault(undefined)
    ),
    ...addFlags,
    idempotencyKey: text("idempotency-key", "key").pipe(
      Options.withDescription("the same key and content give the same issue again"),
      Options.withDefault(undefined)
    ),
    forceNew: toggle("force-new", false).pipe(Options.withDescription("even if an issue looks like it"))
  },
  format,
  (flags) =>
    Effect.gen(function*() {
      if (isBlank(flags.title)) return yield* refused("title must not be empty")
      const labels = yield* labelsOf(flags.label)
      const priority = yield* priorityOf("--priority", flags.priority)
      const parents = yield* refsOf("--parent", flags.parent)
      const blocks = yield* refsOf("--blocks", flags.blocks)
      const blockedBy = yield* refsOf("--blocked-by", flags.blockedBy)
      const related = yield* refsOf("--related", flags.related)
      const owner = yield* filled("--owner", flags.owner)
      const key = yield* filled("--idempotency-key", flags.idempotencyKey)
      const body = yield* bodyOf(flags)
      const { actor: by } = yield* actor
      const { client, project } = yield* inProject
      const parent = yield* only("--parent", yield* within("--parent", project.name, parents))
      const links = [
        ...(parent === undefined ? [] : [{ word: "parent", link: { type: "parent", to_ref: parent } }]),
        ...(yield* within("--blocks", project.name, blocks))
          .map((ref) => ({ word: "blocks", link: { type: "blocks", to_ref: ref } })),
        ...(yield* within("--blocked-by", project.name, blockedBy))
          .map((ref) => ({ word: "blocked_by", link: { type: "blocks", to_ref: ref, incoming: true } })),
        ...(yield* within("--related", project.name, related))
          .map((ref) => ({ word: "related", link: { type: "related", to_ref: ref } }))
      ]
      const answer = yield* client.call("issueCreate", {
        path: { project_id: project.id },
        headers: key === undefined ? {} : { "Idempotency-Key": key },
        body: {
          actor: by,
          title: flags.title,
          body: body ?? "",
          owner,
          priority,
          labels: labels.length === 0 ? undefined : labels,
          links: links.length === 0 ? undefined : links.map(({ link }) => link),
          force_new: flags.forceNew || undefined
        }
      })
      return [answer, links.map(({ link, word }) => `+${word} ${link.to_ref}`)] as const
    }),
  {
    description:
      "Record an issue in the project of this workspace. One whose title and text look much like it is named instead; --force-new makes it all the same.",
    examples: [
      ["kata create 'Parser crashes on empty input' --label bug --priority 1", ""],
      ["kata create 'Write docs' --blocked-by abc4 --body-file notes.md", "waits for abc4"],
      ["kata create 'Nightly report' --idempotency-key nightly-2026-05-12 -q", "for scripts: prints the short id"]
    ]
  }
)
