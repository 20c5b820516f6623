/** Certificates of an authority that a test makes: X.509 in DER, as much of it as TLS looks at. Nothing of it is kept. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { isIP } from "node:net"

const der = (tag: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128
    ? [body.length]
    : body.length < 256
    ? [0x81, body.length]
    : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: ReadonlyArray<Buffer>) => der(0x30, ...parts)
const bits = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes)
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"))
const time = (at: Date) => der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, ""), "latin1"))
const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"))
const nameOf = (name: string) => sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))))
const extension = (id: string, value: Buffer) => sequence(oid(id), der(0x01, Buffer.from([255])), der(0x04, value))
const alternative = (host: string) =>
  isIP(host) === 4 ? der(0x87, Buffer.from(host.split(".").map(Number))) : der(0x82, Buffer.from(host))

const pem = (what: string, bytes: Buffer) =>
  // Without an empty line at the end, which a certificate of such a length would get: OpenSSL reads none that has one.
  `-----BEGIN ${what}-----\n${bytes.toString("base64").replace(/.{64}(?!$)/g, "$&\n")}\n-----END ${what}-----\n`

export interface Identity {
  readonly name: string
  readonly privateKey: KeyObject
  /** The certificate and the key, as PEM. */
  readonly cert: string
  readonly key: string
}

const day = 86_400_000

/** A certificate that the issuer signs; the authority's own when there is none. `hosts` are names and addresses. */
export const certify = (name: string, options: {
  readonly issuer?: Identity
  readonly hosts?: ReadonlyArray<string>
  /** In days from now. */
  readonly from?: number
  readonly until?: number
} = {}): Identity => {
  const { from = -1, hosts = [], issuer, until = 1 } = options
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const isAuthority = issuer === undefined
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence(time(new Date(Date.now() + from * day)), time(new Date(Date.now() + until * day))),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension("551d13", isAuthority ? sequence(der(0x01, Buffer.from([255]))) : sequence()),
        ...(hosts.length === 0 ? [] : [extension("551d11", sequence(...hosts.map(alternative)))])
      )
    )
  )
  const signature = sign("sha256", body, issuer?.privateKey ?? privateKey)
  return {
    name,
    privateKey,
    cert: pem("CERTIFICATE", sequence(body, ecdsaWithSha256, bits(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  }
}
