import * as Effect from "effect/Effect"
import { IssueEvents } from "../../api/answers.ts"
import { answerWith } from "../answer.ts"
import { atIssue, command } from "../daemon.ts"
import { wordsOf } from "../eventWords.ts"
import { refArgument } from "../issue.ts"
import { refOf } from "../refs.ts"
import { lines, quote, quoted } from "../terminal.ts"

type Events = typeof IssueEvents.Type

/** Events of one answer. */
const most = 1000

/** Oldest first; below a line what was written. */
const human = ([{ events }]: readonly [Events, string]) =>
  events.flatMap((event) => {
    const { below, line } = wordsOf(event)
    return [
      `${event.created_at}  ${event.actor}  ${line}`,
      ...below.flatMap((text) => lines(text)).map((text) => text === "" ? "" : `    ${text}`)
    ]
  })

export const history = command(
  "history",
  { ref: refArgument },
  answerWith<Events, typeof IssueEvents.Encoded, string>(IssueEvents, {
    human,
    quiet: human,
    aside: ([{ events, next_after_id: next }, ref]) =>
      events.length < most ? [] : [`hint: there may be more: kata events --issue ${ref} --after ${next}`],
    agent: ([{ events }, ref]) => [
      `OK history ${ref} count=${events.length}`,
      ...events.map((event) =>
        `- id=${event.event_id} type=${quote(event.type)} actor=${
          quote(event.actor)
        } created_at=${event.created_at} what=${quoted([wordsOf(event).line, ...wordsOf(event).below].join("\n"))}`
      )
    ]
  }),
  ({ ref }) =>
    Effect.gen(function*() {
      const { client, path } = yield* atIssue(yield* refOf(ref))
      return [yield* client.call("issueEvents", { path, query: { limit: most } }), path.ref] as const
    }),
  {
    description:
      "What happened to one issue, from its beginning: also what its title and text were before they were edited.",
    examples: [["kata history abc4", ""]]
  }
)
