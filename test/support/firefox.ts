/**
 * Tests in Firefox: Debian's, headless and without a driver, so a page there has to tell the server what it sees.
 * Where none is installed they are left out with a printed reason, but with CI set they run and fail.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'

const PATH = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr'

const isInstalled = existsSync(PATH)
const isRequired = Boolean(process.env['CI'])

/** `describe` for tests that need Firefox. */
export function describeInFirefox(name: string, tests: () => void): void {
  if (!isInstalled && !isRequired) {
    console.warn(`Left out: "${name}". There is no ${PATH}; install firefox-esr or set FIREFOX to its path.`)
  }
  describe.runIf(isInstalled || isRequired)(name, tests)
}

/** A Firefox with one page. Declare it with `await using`. */
export class Firefox implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #profile: string

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child
    this.#profile = profile
  }

  /** Opens `url` in a profile of its own. */
  static async open(url: string): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'usanic-firefox-'))
    const child = spawn(PATH, ['--headless', '--no-remote', '--profile', profile, url], {
      stdio: 'ignore',
      env: { ...process.env, MOZ_CRASHREPORTER_DISABLE: '1', HOME: profile },
      detached: true,
    })
    await once(child, 'spawn')
    return new Firefox(child, profile)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#child
    // The whole group: it has processes of its own.
    if (pid !== undefined && this.#child.exitCode === null) process.kill(-pid, 'SIGKILL')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
