/** What replaced a database file, or changed its rows, can be taken back: restores, upgrades, merges, imports, and undos themselves. */
export { OddFile } from "../history/history.ts"
export { BuiltOn } from "./builtOn.ts"
export { prune, type PruneOptions } from "./prune.ts"
export { list } from "./steps.ts"
export { undo } from "./takeBack.ts"
export {
  CannotGoBack,
  HistoryReport,
  NoSuchEntry,
  NothingToUndo,
  PruneReport,
  RecordedSince,
  Step,
  type UndoOptions,
  UndoReport,
  WorkedOnSince
} from "./UndoReport.ts"
