/** How long ago something was, in as few letters as tell it. */

const minute = 60_000
const day = 24 * 60

/** `now`, `5m`, `3h`, `13d`, `2w`, `5mo`, `2y`: the largest unit, rounded down. A time to come is a date, and what is no time is as it is. */
export const age = (then: string, now: number): string => {
  const at = Date.parse(then)
  if (Number.isNaN(at)) return then
  const minutes = Math.floor((now - at) / minute)
  if (minutes < -5) return new Date(at).toISOString().slice(0, 10)
  if (minutes < 1) return "now"
  if (minutes < 60) return `${minutes}m`
  if (minutes < day) return `${Math.floor(minutes / 60)}h`
  const days = Math.floor(minutes / day)
  if (days < 14) return `${days}d`
  if (days < 60) return `${Math.floor(days / 7)}w`
  return days < 730 ? `${Math.floor(days / 30.44)}mo` : `${Math.floor(days / 365.25)}y`
}
