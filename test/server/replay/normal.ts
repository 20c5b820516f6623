/** Answers of two daemons made comparable: what varies from run to run becomes a placeholder, numbered by its first appearance. */

const ulid = /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/gi
const time = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

/** Members that say nothing about the API. */
const varying = new Set(["pid", "version", "uptime", "db_path", "started_at"])
const shortIds = /^(?:short_id|.*_short_id|parent_set|parent_removed|new_short_id)$/
const shortIdLists = /^.*_(?:added|removed)$/

/** Arrays that Go answers as null where there is nothing in them; its clients read both. */
const lists = new Set(["aliases", "comments", "issues", "labels"])

/** Members that payloads of ours have, and those that were recorded do not: what was there before. */
const added: Readonly<Record<string, ReadonlyArray<string>>> = {
  "issue.updated": ["title", "body", "owner", "priority", "status", "closed_reason"].flatMap((it) => [it, `old_${it}`]),
  "issue.assigned": ["old_owner"],
  "issue.unassigned": ["old_owner"],
  "project.removed": ["aliases"]
}

const without = (payload: unknown, names: ReadonlyArray<string>): unknown =>
  typeof payload === "string"
    ? JSON.stringify(without(JSON.parse(payload), names))
    : Object.fromEntries(Object.entries(payload ?? {}).filter(([name]) => !names.includes(name)))

/** An event as the older kata writes it. */
const asRecorded = (members: { readonly [member: string]: unknown }): { readonly [member: string]: unknown } => {
  const names = typeof members["type"] === "string" ? added[members["type"]] : undefined
  return names === undefined || members["payload"] === undefined
    ? members
    : { ...members, payload: without(members["payload"], names) }
}

/** One side of a scenario; its names are kept for as long as it runs. */
export class Normal {
  private readonly names = new Map<string, string>()
  /** Short ids that answers have named: they are looked for in messages too. */
  private readonly known = new Set<string>()
  /** ULIDs by the short ids that they were answered with, and by the ids of projects. */
  private readonly uids = new Map<unknown, unknown>()
  private readonly given: ReadonlySet<string>
  /** Whether what appears first here gets a number; else it is `<ulid?>`. */
  numbering = true

  /** `given` are times that requests have named, which are not the daemon's. */
  constructor(given: ReadonlySet<string>) {
    this.given = given
  }

  private name(kind: string, value: string): string {
    const key = `${kind} ${value.toUpperCase()}`
    const known = this.names.get(key)
    if (known !== undefined) return known
    if (!this.numbering) return `<${kind}?>`
    const name = `<${kind}${this.names.size + 1}>`
    this.names.set(key, name)
    return name
  }

  private short(value: string): string {
    if (this.numbering) this.known.add(value)
    return this.name("sid", value)
  }

  private words(value: string): string {
    const named = value.replace(ulid, (found) => this.name("ulid", found))
      .replace(time, (found) => this.given.has(found) || found.startsWith("0001-") ? found : "<T>")
      .replace(/#([0-9a-hjkmnp-tv-z]{4,26})\b/g, (_, found: string) => `#${this.short(found)}`)
    return [...this.known].reduce(
      (text, one) => text.replaceAll(new RegExp(`\\b${one}\\b`, "g"), this.short(one)),
      named
    )
      .replace(/at \d\d:\d\d:\d\d/g, "at <clock>").replace(/\d+ sec ago/g, "<n> sec ago")
  }

  /** Go leaves the ULIDs out of what its searches find: they are those that were answered before. */
  private complete(members: { readonly [member: string]: unknown }): { readonly [member: string]: unknown } {
    const { project_id: project, project_uid: projectUid, short_id: shortId, uid } = members
    if (uid !== "") {
      if (shortId !== undefined) this.uids.set(shortId, uid)
      if (projectUid !== undefined) this.uids.set(project, projectUid)
      return members
    }
    return {
      ...members,
      uid: this.uids.get(shortId),
      ...project === undefined ? {} : { project_uid: this.uids.get(project) }
    }
  }

  value(value: unknown, key = ""): unknown {
    if (varying.has(key)) return `<${key}>`
    if (value === null && lists.has(key)) return []
    if (key === "score" && typeof value === "number") return Number(value.toFixed(5))
    if (key === "payload" && typeof value === "string") return { json: this.value(JSON.parse(value), "") }
    if (typeof value === "string") {
      return shortIds.test(key) && /^[0-9a-z]{4,26}$/.test(value) ? this.short(value) : this.words(value)
    }
    if (Array.isArray(value)) {
      return value.map((one: unknown) =>
        shortIdLists.test(key) && typeof one === "string" && /^[0-9a-z]{4,26}$/.test(one)
          ? this.short(one)
          : this.value(one, "")
      )
    }
    if (typeof value !== "object" || value === null) return value
    const whole = this.complete(asRecorded(value as { readonly [member: string]: unknown }))
    // what an issue was closed with, which Go kata does not show
    const { close, ...shown } = whole
    const members = "comments" in whole ? shown : { ...shown, ...(close === undefined ? {} : { close }) }
    return Object.fromEntries(Object.entries(members).map(([member, inner]) => [member, this.value(inner, member)]))
  }

  text(value: string): string {
    return this.words(value)
  }
}
