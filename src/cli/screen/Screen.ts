/** What a result is printed on: a terminal of some width, with colours or without, or anything else. */

/** What a colour means. Nothing is told by a colour alone. */
export type Role = "header" | "id" | "urgent" | "high" | "faint"

export interface Screen {
  /** Whether people look at it: else rows go out whole, for other programs. */
  readonly isTerminal: boolean
  /** In cells. */
  readonly columns: number
  /** Milliseconds since 1970. */
  readonly now: number
  /** The text in the colour of a role. */
  readonly paint: (role: Role | undefined, text: string) => string
}

const sgr: { readonly [role in Role]: string } = {
  header: "4",
  id: "36",
  urgent: "1;31",
  high: "33",
  faint: "2"
}

const coloured: Screen["paint"] = (role, text) =>
  role === undefined || text === "" ? text : `\u001b[${sgr[role]}m${text}\u001b[0m`

const plain: Screen["paint"] = (_, text) => text

/** The environment: `COLUMNS` counts where a terminal does not know its width. What else is read of it: api/CommandLine.ts. */
type Variables = Readonly<Record<string, string | undefined>>

export type ColorWhen = "auto" | "always" | "never"

/** As https://no-color.org and https://bixense.com/clicolors have it; the flag is stronger. */
const isColoured = (when: ColorWhen, variables: Variables, isTTY: boolean): boolean => {
  const { CLICOLOR, CLICOLOR_FORCE: force = "", NO_COLOR = "", TERM } = variables
  if (when !== "auto") return when === "always"
  if (NO_COLOR !== "") return false
  if (force !== "" && force !== "0") return true
  return isTTY && TERM !== "dumb" && CLICOLOR !== "0"
}

const positive = (text: string | undefined): number | undefined => {
  const number = Number(text)
  return Number.isSafeInteger(number) && number > 0 ? number : undefined
}

/** Of a stream that is a terminal or not, of so many columns (0 where that is not known). */
export const screenOf = (
  stream: { readonly isTTY: boolean; readonly columns: () => number },
  variables: Variables,
  when: ColorWhen,
  now: number
): Screen => {
  const forced = positive(variables["KATA_FORCE_TTY"])
  return {
    isTerminal: forced !== undefined || stream.isTTY,
    columns: Math.max(40, forced ?? (stream.columns() || positive(variables["COLUMNS"]) || 80)),
    now,
    paint: isColoured(when, variables, stream.isTTY) ? coloured : plain
  }
}
