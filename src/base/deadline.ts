/** Waits that end in time. */

/** Whether `work` is done by `deadline` (by `performance.now()`); resolves then at the latest. Rejects as `work` does. */
export async function doneBy(deadline: number, work: Promise<void> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadline - performance.now()), false)
  })
  try {
    return (await Promise.race([work, late])) !== false
  } finally {
    clearTimeout(timer)
  }
}
