import type { Format } from "../records/Format.ts"
import { everything, rowsOf, type Scope } from "./Selection.ts"
import type { Session } from "./Session.ts"

/** Rows of each kind that a scope selects. */
export const count = (db: Session, { kinds }: Format) => (scope: Scope) =>
  db.attempt("count the rows", (statements) =>
    new Map(kinds.map((kind) => {
      const selection = scope.of(kind)
      // An index is counted much faster than a table; whether the two agree is asked elsewhere.
      const rows = selection === everything ? kind.table : rowsOf(kind, selection, "1")
      const row = statements.prepare(`SELECT count(*) AS n FROM ${rows}`).get(...scope.params)
      return [kind.name, Number(row?.["n"])] as const
    })))
