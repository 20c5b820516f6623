/** The names of files that people write for kata, wherever they stand. */

/** Binds a workspace to a project; committed. */
export const bindingFile = ".kata.toml"
/** What a workspace says on this machine alone. */
export const localFile = ".kata.local.toml"
/** The settings in the directory of state, which Go kata shares. */
export const settingsFile = "config.toml"
/** The servers that the user has confirmed; in the directory of state. */
export const serversFileName = "servers.json"
/** What Go kata runs on events; in the directory of state too. */
export const hooksFile = "hooks.toml"
