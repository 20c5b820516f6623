/** Text as people and agents write it: several scripts, emoji, HTML, quotes, backslashes, line ends. */
import type { Random } from "./random.ts"

const words =
  ("the ledger keeps every issue that a person or an agent has filed and nothing is lost when it is closed " +
    "import export snapshot daemon restore merge verify socket parser token cache index query label owner comment link " +
    "fails hangs crashes returns prints waits retries slowly after before while without under load on macOS Linux in CI " +
    "because timeout buffer transaction journal lock path config flag value schema column upgrade rename rollback the of " +
    "Größe naïve café 日本語 проверка <b>bold</b> & \"quoted\" `code` https://example.com/a?b=1&c=2 🙂 e\u0301 C:\\temp\\new")
    .split(" ")

/** That many words, in lines. */
export const text = (random: Random, count: number): string => {
  let text = random.pick(words)
  for (let i = 1; i < count; i++) text += (i % 17 === 0 ? "\n" : " ") + random.pick(words)
  return text
}

/** Mostly some paragraphs; now and then a log, and rarely more than SQLite is asked to write as a line of a page. */
export const body = (random: Random): string =>
  text(
    random,
    random.below(4000) === 0 ? 12_000 : random.below(200) === 0 ? 2000 : 60 + random.below(170)
  )
