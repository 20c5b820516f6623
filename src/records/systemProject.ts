/** The project that newer Go kata makes in every database, and keeps its tokens in, as events. */
export const systemProject = { uid: "0".repeat(26), name: ".kata-system" }

/** Whether a project is that one: by both, since another project may have either. */
export const isSystemProject = (project: { readonly uid?: unknown; readonly name?: unknown }): boolean =>
  project.uid === systemProject.uid && project.name === systemProject.name
