/** A number of bytes for people, as in `1.2 MB`. */
export const sizeWords = (bytes: number): string => {
  const steps = ["B", "kB", "MB", "GB", "TB"]
  let step = 0
  let n = bytes
  while (n >= 999.5 && step < steps.length - 1) {
    n /= 1000
    step++
  }
  return `${step === 0 || n >= 99.95 ? Math.round(n) : n.toFixed(1)} ${steps[step]}`
}
