/** What a close must say for itself: a message that is one, and evidence that fits the reason (spec of the daemon, C3). */

export const reasons = ["done", "wontfix", "duplicate", "superseded", "audit-no-change"] as const

/** One piece of evidence; which member counts, its type says. The order is that of the payload. */
export interface Evidence {
  readonly type: string
  readonly sha?: string
  readonly url?: string
  readonly command?: string
  readonly paths?: ReadonlyArray<string>
  readonly rationale?: string
  readonly issue_ref?: string
}

const instead =
  "If the work is not actually complete, do not close — use `kata edit <ref> --label needs-review` and comment what remains"

const trivial = new Set(
  ["done", "fixed", "complete", "completed", "ok", "okay", "yes", "no", "n/a", "na", "skip", "nope"]
)

/** In bytes, after normalisation. */
const shortest = new Map<string, number>([["wontfix", 60], ["duplicate", 20], ["superseded", 20]])

/** How messages are compared: without what does not change what they say. */
export const normalised = (message: string): string =>
  message.trim().replace(/\s+/g, " ").toLowerCase().replace(/[.?!]+$/, "")

/** What is wrong with a message, if anything. */
export const messageProblem = (reason: string, message: string): string | undefined => {
  const text = normalised(message)
  if (trivial.has(text)) return `message rejected as trivial (${JSON.stringify(text)}). ${instead}`
  const [length, least] = [Buffer.byteLength(text), shortest.get(reason) ?? 40]
  return length < least
    ? `message too short for reason=${reason} (need >=${least} chars after normalization, got ${length})`
    : undefined
}

const isBlank = (text: string | undefined) => (text ?? "").trim() === ""

const memberProblem = ({ command, issue_ref, paths = [], rationale, sha, type, url }: Evidence): string | undefined => {
  const needs = (member: string) => `${type} requires non-empty ${member}`
  switch (type) {
    case "commit":
      if (isBlank(sha)) return needs("sha")
      return /^[0-9a-f]{7,40}$/i.test(sha ?? "")
        ? undefined
        : `commit sha ${JSON.stringify(sha)} is not a valid git SHA (expected 7-40 hex characters)`
    case "pr":
      return isBlank(url) ? needs("url") : undefined
    case "test":
      return isBlank(command) ? needs("command") : undefined
    case "reviewed-paths": {
      if (paths.length === 0) return needs("paths")
      const empty = paths.findIndex(isBlank)
      return empty < 0 ? undefined : `reviewed-paths entry ${empty} is empty`
    }
    case "no-change-audit":
      return isBlank(rationale) ? needs("rationale") : undefined
    default:
      return isBlank(issue_ref) ? needs("issue_ref") : undefined
  }
}

interface Rule {
  /** Exactly one of this type. */
  readonly one?: string
  /** Those that are allowed. */
  readonly others: ReadonlyArray<string>
}

const work = ["commit", "pr", "test", "reviewed-paths"]
const rules = new Map<string, Rule>([
  ["done", { others: work }],
  ["audit-no-change", { one: "no-change-audit", others: ["reviewed-paths"] }],
  ["wontfix", { others: [] }],
  ["duplicate", { one: "duplicate-of", others: [] }],
  ["superseded", { one: "superseded-by", others: [] }]
])

const types = new Set([...work, "no-change-audit", "duplicate-of", "superseded-by"])

/** The first unknown type of evidence, if there is one. */
export const unknownType = (evidence: ReadonlyArray<Evidence>): string | undefined =>
  evidence.find(({ type }) => !types.has(type))?.type

/** What is wrong with the evidence for a reason, if anything. */
export const evidenceProblem = (reason: string, evidence: ReadonlyArray<Evidence>): string | undefined => {
  const rule = rules.get(reason)
  if (rule === undefined) return `unknown reason ${JSON.stringify(reason)}`
  if (reason === "wontfix" && evidence.length > 0) return "evidence not allowed for reason=wontfix"
  for (const [i, item] of evidence.entries()) {
    const problem = memberProblem(item)
    if (problem !== undefined) return `evidence[${i}] ${problem}`
  }
  if (reason === "done" && !evidence.some(({ type }) => work.includes(type))) {
    return `evidence required for reason=done. Accepted: commit:<sha>, pr:<url>, test:<cmd>, reviewed-paths:<path>. ${instead}`
  }
  if (rule.one !== undefined && evidence.filter(({ type }) => type === rule.one).length !== 1) {
    return `reason=${reason} requires exactly one ${rule.one} evidence item`
  }
  const stray = evidence.find(({ type }) => type !== rule.one && !rule.others.includes(type))
  return stray === undefined
    ? undefined
    : `evidence type ${JSON.stringify(stray.type)} not allowed for reason=${reason}`
}

/** As it goes into the event: what says nothing is left out. */
export const evidencePayload = (evidence: ReadonlyArray<Evidence>) =>
  evidence.map(({ command, issue_ref, paths, rationale, sha, type, url }) => ({
    type,
    sha: sha || undefined,
    url: url || undefined,
    command: command || undefined,
    paths: paths?.length === 0 ? undefined : paths,
    rationale: rationale || undefined,
    issue_ref: issue_ref || undefined
  }))
