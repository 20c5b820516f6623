/** What clients ask a daemon, in the mixture of a working day: mostly reading. */

const words =
  "parser socket token cache index query label owner comment link crash hang retry timeout buffer lock path config column upgrade"
    .split(" ")

/** Numbers that look random (mulberry32). */
const randomOf = (seed) => {
  let state = (seed ^ 0x9e3779b9) >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

const message = "Implemented, and seen to work by the tests that came with it."

/** What can be asked, each as often as its number of a hundred says. `known` are short ids that grow. */
export const kinds = {
  show: [38, ({ ask, known, one, project }) => ask("GET", `${project}/issues/${one(known)}`)],
  list: [12, ({ ask, project }) => ask("GET", `${project}/issues?status=open&limit=50`)],
  search: [8, ({ ask, one, project }) => ask("GET", `${project}/search?q=${one(words)}%20${one(words)}`)],
  ready: [4, ({ ask, project }) => ask("GET", `${project}/ready?limit=20`)],
  events: [10, ({ ask, random }) => ask("GET", `/events?after_id=${random(1000)}&limit=50`)],
  create: [8, async ({ actor, ask, known, one, own, project, unique }) => {
    const title = `${one(words)} ${one(words)} ${unique()}`
    // with a body what looks alike is searched
    const body = `The ${one(words)} of ${unique()} is not what the ${one(words)} says.`
    const answer = await ask("POST", `${project}/issues`, { actor, title, body, labels: [one(words)] })
    known.push(answer.body.issue.short_id)
    own.push(answer.body.issue.short_id)
    return answer
  }],
  comment: [
    7,
    ({ actor, ask, known, one, project, unique }) =>
      ask("POST", `${project}/issues/${one(known)}/comments`, { actor, body: `seen again: ${unique()}` })
  ],
  edit: [
    6,
    ({ actor, ask, known, one, project, unique }) =>
      ask("PATCH", `${project}/issues/${one(known)}`, { actor, title: `${one(words)} ${unique()}` })
  ],
  label: [
    4,
    ({ actor, ask, known, one, project }) =>
      ask("POST", `${project}/issues/${one(known)}/labels`, { actor, label: one(words) })
  ],
  close: [3, async (client) => {
    const { actor, ask, one, own, project } = client
    if (own.length === 0) return kinds.create[1](client)
    const evidence = [{ type: "test", command: "npm test" }]
    const closing = { actor, reason: "done", message, evidence }
    return ask("POST", `${project}/issues/${one(own)}/actions/close`, closing)
  }]
}

const drawn = Object.entries(kinds).flatMap(([name, [times]]) => Array.from({ length: times }, () => name))

/** A client with numbers of its own. */
export const clientOf = ({ ask }, number, { known, project, seed }) => {
  const random = randomOf(seed * 1000 + number)
  let count = 0
  const client = {
    actor: `client-${number}`,
    ask,
    known,
    own: [],
    project,
    random,
    one: (list) => list[random(list.length)],
    unique: () => `n${number}x${++count}`
  }
  return {
    create: () => kinds.create[1](client),
    /** One request, whichever; says which. */
    any: async () => {
      const name = client.one(drawn)
      return { name, ...await kinds[name][1](client) }
    }
  }
}
