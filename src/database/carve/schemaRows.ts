/** What `sqlite_schema` says of tables and indexes, read from its pages: as much of it as there is. */
import { decode, type Decoded, held, leafCell, type Node, nodeOf, type Pages, tableLeaf } from "./Image.ts"
import { classOf } from "./record.ts"

export interface SchemaRow {
  readonly rowid: bigint
  readonly type: "table" | "index"
  readonly name: string
  readonly table: string
  readonly root: number
}

/** No statement of a schema is longer. */
const most = 1024 * 1024

const objects = ["table", "index", "trigger", "view"]

const textOf = (value: unknown): string => value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : ""

/** Whether a record is like a row of the schema. */
export const isSchemaRow = (decoded: Decoded): boolean => {
  const classes = decoded.slots.map(({ type }) => classOf(type)).join()
  return /^text,text,text,(?:integer|null),(?:text|null)$/.test(classes) &&
    objects.includes(textOf(held(decoded, 0).value))
}

/** The rows of the schema in a leaf: those with a root page in `rows`, and how many of any type; undefined when a cell is none. */
export const schemaRowsIn = (
  pages: Pages,
  node: Node
): { readonly rows: ReadonlyArray<SchemaRow>; readonly least: bigint; readonly most: bigint } | undefined => {
  if (node.type !== tableLeaf || node.cells.length === 0) return undefined
  const rows: Array<SchemaRow> = []
  let [low, high] = [0n, 0n]
  for (const at of node.cells) {
    const cell = leafCell(pages, node, at)
    const decoded = cell === undefined ? undefined : decode(pages, cell, most)
    if (cell === undefined || decoded === undefined) continue
    if (!isSchemaRow(decoded)) return undefined
    const type = textOf(held(decoded, 0).value)
    low = low === 0n || cell.rowid < low ? cell.rowid : low
    high = cell.rowid > high ? cell.rowid : high
    const root = Number(held(decoded, 3).value ?? 0)
    if ((type === "table" || type === "index") && root >= 1 && root <= pages.count) {
      const [name, table] = [textOf(held(decoded, 1).value), textOf(held(decoded, 2).value)]
      rows.push({ rowid: cell.rowid, type, name, table, root })
    }
  }
  return high === 0n ? undefined : { rows, least: low, most: high }
}

/** The leaves of the schema, wherever they are. Few files have more than ten of them, and each is one by all of its cells. */
export function* schemaLeaves(pages: Pages): Generator<Node | undefined> {
  for (let number = 1; number <= pages.count; number++) {
    const bytes = pages.page(number)
    const node = bytes === undefined ? undefined : nodeOf(number, bytes, pages.usable)
    yield node !== undefined && schemaRowsIn(pages, node) !== undefined ? node : undefined
  }
}
