/** Names of time zones. The runtime takes them in any letter case; readers that look zones up as files do not. */
const names = new Map(["UTC", ...Intl.supportedValuesOf("timeZone")].map((name) => [name.toLowerCase(), name]))

/** Whether a text is an IANA name, of a zone or of one of its aliases. */
export const isTimeZone = (name: string): boolean => {
  if (!/^[A-Za-z]/.test(name)) return false
  const spelled = names.get(name.toLowerCase())
  if (spelled !== undefined) return spelled === name
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== ""
  } catch {
    return false
  }
}
