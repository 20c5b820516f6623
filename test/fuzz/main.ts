/** The command line of the fuzzer: which seed, for how long, and what was found, in words that run it again. */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Random } from "../../src/testing/random.ts"
import { sealed } from "../hostile/make.ts"
import { merges } from "../merge/real/property.ts"
import { properties } from "../property/properties.ts"
import { type Counterexample, promises, type Property } from "../property/Property.ts"
import { services } from "../testing/services.ts"
import { flips, samples, tally, truncations } from "./flips.ts"

const help = `npm run fuzz -- [options]

  --seconds N    how long properties are tried (60)
  --seed N       where to begin (random; it is printed)
  --flips N      how many bits of sealed files are flipped before that (2000); with more than 0, every truncation too
  --only WORDS   only properties with these words in their name
  --path P       of a counterexample, with its --seed and --only: tries that value alone

npm run fuzz -- merge [options]: random histories of several databases that merge each other, beside a model that says what must come of it

  --seconds N, --seed N   the same; histories have seeds from there on; of each ten in at least three both sides touch one facet, and two move or purge an issue
  --count N               so many histories instead (a seed that failed: --seed N --count 1)

Ends with 1 when a promise was broken.`

/** Values of a property that are tried before it is the turn of the next one. */
const turn = 5

const say = (line: string) => void process.stdout.write(`${line}\n`)

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const found = (property: Property, { error, path, seed, value }: Counterexample) => {
  say(`\nBROKEN: ${promises[property.promise]}: ${property.name}`)
  say(`  again: npm run fuzz -- --flips 0 --only ${quoted(property.name)} --seed ${seed} --path ${path}`)
  say(`  value: ${value.slice(0, 4000)}`)
  say(`  ${error.slice(0, 2000)}`)
}

const flipped = (root: string, count: number, seed: number) =>
  Effect.gen(function*() {
    const all = tally()
    const rich = readFileSync(join(root, "test", "fixtures", "go-v10", "rich.sealed-d2.jsonl"), "utf8")
    const small = samples("small.jsonl", sealed)
    yield* truncations([...small, samples("rich.jsonl", rich)[1]!], all)
    yield* flips([...small, ...samples("rich.jsonl", rich)], count, seed, all)
    const outcomes = [...all.outcomes].map(([kind, n]) => `${kind} ${n}`).toSorted().join(", ")
    say(`flips: ${all.flips}, truncations: ${all.truncations}: ${outcomes}`)
    for (const violation of all.violations) say(`BROKEN: a changed file is never taken: ${violation}`)
    if (all.violations.length > 0) say(`  again: npm run fuzz -- --seconds 0 --flips ${count} --seed ${seed}`)
    return all.violations.length
  })

const tried = (chosen: ReadonlyArray<Property>, seconds: number, seed: number) =>
  Effect.gen(function*() {
    const random = new Random(seed)
    const counts = new Map(chosen.map((property) => [property, { runs: 0, broken: 0 }]))
    const end = Date.now() + seconds * 1000
    while (Date.now() < end) {
      for (const property of chosen) {
        const count = counts.get(property)!
        const counterexample = yield* property.search({ seed: random.next() >>> 1, runs: turn })
        count.runs += turn
        if (counterexample === undefined) continue
        count.broken++
        found(property, counterexample)
      }
    }
    for (const [{ name, promise }, { broken, runs }] of counts) {
      say(`${runs} values, ${broken} broken: ${promises[promise]}: ${name}`)
    }
    return [...counts.values()].reduce((sum, { broken }) => sum + broken, 0)
  })

export const main = (root: string, argv: ReadonlyArray<string>): Promise<number> => {
  const text = { type: "string" } as const
  const { positionals, values } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { seconds: text, seed: text, flips: text, only: text, path: text, count: text, help: { type: "boolean" } }
  })
  if (values.help === true) return Promise.resolve(say(help)).then(() => 0)
  const number = (name: "seconds" | "seed" | "flips" | "count", otherwise: number) => {
    const value = Number(values[name] ?? otherwise)
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} needs a number`)
    return value
  }
  const seed = number("seed", Math.floor(Math.random() * 2 ** 31))
  const [subject] = positionals
  if (subject === "merge") {
    say(`seed ${seed}`)
    const count = values.count === undefined ? undefined : number("count", 0)
    return Effect.runPromise(Effect.provide(merges(seed, { seconds: number("seconds", 60), count }, say), services))
  }
  if (subject !== undefined) throw new Error(`nothing is called ${subject}; --help says what there is`)
  const chosen = properties.filter(({ name }) => name.includes(values.only ?? ""))
  if (chosen.length === 0) throw new Error("--only fits no property")
  const { path } = values
  say(`seed ${seed}`)
  const program = Effect.gen(function*() {
    if (path !== undefined) {
      const [property] = chosen
      const counterexample = yield* property!.search({ seed, path, runs: 1 })
      if (counterexample === undefined) say("not broken any more")
      else found(property!, counterexample)
      return counterexample === undefined ? 0 : 1
    }
    const count = number("flips", values.only === undefined ? 2000 : 0)
    const broken = (count === 0 ? 0 : yield* flipped(root, count, seed)) +
      (yield* tried(chosen, number("seconds", 60), seed))
    say(broken === 0 ? "no promise was broken" : `${broken} times a promise was broken`)
    return broken === 0 ? 0 : 1
  })
  return Effect.runPromise(Effect.provide(program, services))
}
