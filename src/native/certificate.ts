/** The files of a TLS certificate: checked here, because the native code says no more than that it failed. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { UsanicError } from '../base/errors.js'
import type { NativeApp, NativeBuild } from './build.js'

/** A certificate with its key, as files in PEM. */
export interface Certificate {
  /** Path of the certificate, followed by those between it and the root (`fullchain.pem`). */
  readonly cert: string
  /** Path of the private key. */
  readonly key: string
  /** What the key is encrypted with, if it is. */
  readonly passphrase?: string
}

/** A native application that speaks TLS. Throws `ERR_TLS_CERTIFICATE`. */
export function secureApp(build: NativeBuild, certificate: Certificate): NativeApp {
  const { cert, key, passphrase } = certificate
  const files = { cert: readPem('cert', cert), key: readPem('key', key) }
  try {
    createSecureContext({ ...files, ...(passphrase !== undefined && { passphrase }) })
    return build.SSLApp({
      cert_file_name: cert,
      key_file_name: key,
      ...(passphrase !== undefined && { passphrase }),
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsanicError(
      'ERR_TLS_CERTIFICATE',
      `The certificate ${cert} cannot be used with the key ${key} (${reason}). Both must be PEM and belong ` +
        'together; an encrypted key needs its passphrase.',
      { cause },
    )
  }
}

function readPem(option: string, path: string): Buffer {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(
      `listen() got ssl.${option} ${JSON.stringify(path)}; it must be the path of a PEM file.`,
    )
  }
  try {
    return readFileSync(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code // reason: what fs throws
    throw new UsanicError(
      'ERR_TLS_CERTIFICATE',
      `Cannot read ${path}, given as ssl.${option} (${code ?? 'unknown'}).`,
      {
        cause,
      },
    )
  }
}
