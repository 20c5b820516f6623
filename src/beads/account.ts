/** The account of an import: what came in, what became of it, what was changed on the way. Every record is in it once. */

/** How many examples of each are named. */
const most = 10

interface Told {
  count: number
  readonly examples: Array<string>
}

/** A kind of change or loss: how often, and where first. */
export interface Noted {
  readonly what: string
  readonly count: number
  readonly examples: ReadonlyArray<string>
}

const listed = (all: ReadonlyMap<string, Told>): ReadonlyArray<Noted> =>
  [...all].map(([what, { count, examples }]) => ({ what, count, examples }))

const add = (all: Map<string, Told>, what: string, example: string | undefined, by: number) => {
  const told = all.get(what) ?? { count: 0, examples: [] }
  told.count += by
  if (example !== undefined && told.examples.length < most && !told.examples.includes(example)) {
    told.examples.push(example)
  }
  all.set(what, told)
}

export class Account {
  /** Records: lines that are not blank. */
  read = 0
  private readonly left = new Map<string, Told>()
  private readonly notes = new Map<string, Told>()
  private readonly losses = new Map<string, Told>()

  /** A record that becomes no issue, by a rule. */
  skip(why: string, example?: string): void {
    add(this.left, why, example, 1)
  }

  /** Something that is otherwise here than there; what it was is kept. */
  note(what: string, example?: string, by = 1): void {
    if (by > 0) add(this.notes, what, example, by)
  }

  /** Something that is not here. */
  lose(what: string, example?: string, by = 1): void {
    if (by > 0) add(this.losses, what, example, by)
  }

  get skipped(): ReadonlyArray<Noted> {
    return listed(this.left)
  }

  get changes(): ReadonlyArray<Noted> {
    return listed(this.notes)
  }

  get lost(): ReadonlyArray<Noted> {
    return listed(this.losses)
  }

  get skippedCount(): number {
    return this.skipped.reduce((sum, { count }) => sum + count, 0)
  }
}
