/** What replaced a database file can be taken back: restores, upgrades, and undos themselves. */
export { OddFile } from "../history/history.ts"
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
  UndoReport
} from "./UndoReport.ts"
