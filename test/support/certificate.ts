/** A certificate for 127.0.0.1 that openssl makes on the spot, in a folder of its own. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths of PEM files, removed with the folder. */
export class TestCertificate implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'usanic-tls-'))
  readonly cert = join(this.folder, 'cert.pem')
  readonly key = join(this.folder, 'key.pem')
  /** The same key, encrypted with `opensesame`. */
  readonly encryptedKey = join(this.folder, 'encrypted.pem')

  constructor() {
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2']
    this.#openssl('req', '-x509', ...made, ...subject, '-keyout', this.key, '-out', this.cert)
    const encrypted = ['-passout', 'pass:opensesame', '-out', this.encryptedKey]
    this.#openssl('pkcs8', '-topk8', '-in', this.key, ...encrypted)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' })
  }
}
