/**
 * Linux keeps up to some 4 MB per slow reader in the kernel, where events age unseen, unless
 * `net.ipv4.tcp_notsent_lowat` says otherwise. Looked at once per process, when the first hub starts.
 */
import { readFile } from 'node:fs/promises'
import type { Logger } from '../base/logger.js'

const SETTING = '/proc/sys/net/ipv4/tcp_notsent_lowat'
/** Up to here the setting serves its purpose; 16384 is recommended. In bytes. */
const GOOD_ENOUGH = 1024 * 1024

let wasChecked = false

/** Warns once when the kernel's limit is off. Does nothing elsewhere than on Linux. */
export async function checkKernel(logger: Logger): Promise<void> {
  if (wasChecked || process.platform !== 'linux') return
  wasChecked = true
  let bytes: number
  try {
    bytes = Number(await readFile(SETTING, 'utf8'))
  } catch {
    return // not readable in some containers; then there is nothing to advise either
  }
  if (bytes <= GOOD_ENOUGH) return
  logger.warn(
    'The kernel buffers up to 4 MB per slow SSE client, so that one may read events a minute old. ' +
      'Set net.ipv4.tcp_notsent_lowat=16384 (sysctl) to keep them in the log instead.',
  )
}
