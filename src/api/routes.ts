/**
 * The routes of the API by name, once: `Api.ts` says what each takes and answers, the client names one to call it. Nothing is imported here,
 * so that a command which asks one question does not load what serves all of them.
 */
const issue = "/projects/:project_id/issues/:ref"

export const routes = {
  ping: ["GET", "/ping"],
  health: ["GET", "/health"],
  instance: ["GET", "/instance"],
  commandRun: ["POST", "/commands"],

  projectInit: ["POST", "/projects"],
  projectResolve: ["POST", "/projects/resolve"],
  projectList: ["GET", "/projects"],
  projectShow: ["GET", "/projects/:project_id"],
  projectRename: ["PATCH", "/projects/:project_id"],
  projectMerge: ["POST", "/projects/:project_id/merge"],
  projectArchive: ["DELETE", "/projects/:project_id"],
  projectRestore: ["POST", "/projects/:project_id/actions/restore"],
  projectMetadata: ["POST", "/projects/:project_id/metadata"],
  aliasDetach: ["DELETE", "/projects/:project_id/aliases/:alias_id"],

  issueCreate: ["POST", "/projects/:project_id/issues"],
  issueList: ["GET", "/projects/:project_id/issues"],
  issueListAll: ["GET", "/issues"],
  issueShow: ["GET", issue],
  issueByUid: ["GET", "/issues/:uid"],
  issueEdit: ["PATCH", issue],
  issueClose: ["POST", `${issue}/actions/close`],
  issueReopen: ["POST", `${issue}/actions/reopen`],
  issueAssign: ["POST", `${issue}/actions/assign`],
  issueUnassign: ["POST", `${issue}/actions/unassign`],
  issuePriority: ["POST", `${issue}/actions/priority`],
  issueDelete: ["POST", `${issue}/actions/delete`],
  issueRestore: ["POST", `${issue}/actions/restore`],
  issuePurge: ["POST", `${issue}/actions/purge`],
  issueMove: ["POST", `${issue}/actions/move`],
  issueMetadata: ["POST", `${issue}/metadata`],
  commentAdd: ["POST", `${issue}/comments`],
  linkAdd: ["POST", `${issue}/links`],
  linkRemove: ["DELETE", `${issue}/links/:link_id`],
  labelAdd: ["POST", `${issue}/labels`],
  labelRemove: ["DELETE", `${issue}/labels/:label`],
  labelCounts: ["GET", "/projects/:project_id/labels"],
  ready: ["GET", "/projects/:project_id/ready"],
  search: ["GET", "/projects/:project_id/search"],

  recurrenceCreate: ["POST", "/projects/:project_id/recurrences"],
  recurrenceList: ["GET", "/projects/:project_id/recurrences"],
  recurrenceShow: ["GET", "/projects/:project_id/recurrences/:uid"],
  recurrencePatch: ["PATCH", "/projects/:project_id/recurrences/:uid"],
  recurrenceDelete: ["DELETE", "/projects/:project_id/recurrences/:uid"],

  imports: ["POST", "/projects/:project_id/imports"],
  importRows: ["POST", "/projects/:project_id/imports/rows"],

  databaseMerge: ["POST", "/merge"],
  databaseDiff: ["POST", "/diff"],

  events: ["GET", "/events"],
  projectEvents: ["GET", "/projects/:project_id/events"],
  issueEvents: ["GET", `${issue}/events`],
  eventStream: ["GET", "/events/stream"],

  digest: ["GET", "/digest"],
  projectDigest: ["GET", "/projects/:project_id/digest"],
  auditCloses: ["GET", "/audit/closes"]
} as const satisfies Record<string, readonly ["GET" | "POST" | "PATCH" | "DELETE", `/${string}`]>

/** What every path of a route stands behind. */
export const prefix = "/api/v1"

export type RouteName = keyof typeof routes
