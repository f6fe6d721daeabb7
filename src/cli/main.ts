#!/usr/bin/env node
/** The command `usanic`: serves an application, or lists its routes. */
import { readFileSync } from 'node:fs'
import type { RunOptions } from '../app/index.js'
import { ConsoleLogger } from '../base/logger.js'
import { supervise as superviseWorkers, thisProgram, thisWorker } from '../workers/index.js'
import { CliError, HELP, readCommand, type ServeCommand } from './arguments.js'
import { supervise } from './dev.js'
import { loadApp, locate } from './load-app.js'
import { routesTable } from './routes-table.js'
import { stopWithSupervisor } from './supervised.js'

async function main(args: readonly string[]): Promise<void> {
  const command = readCommand(args)
  switch (command.name) {
    case 'help':
      process.stdout.write(HELP)
      return
    case 'version':
      process.stdout.write(`usanic ${ownVersion()} (node ${process.versions.node})\n`)
      return
    case 'routes': {
      const { app } = await loadApp(command.target)
      await new Promise<void>((resolve) => process.stdout.write(routesTable(app.routes), () => resolve()))
      process.exit(0) // whatever the module has opened
      return
    }
    case 'serve':
      if (command.dev && !command.supervised) await supervise(command.target, args)
      else if (command.workers !== undefined && thisWorker() === undefined)
        await runWorkers(command, command.workers)
      else await serve(command)
  }
}

/** Loads none of the user's code: a mistake in it ends a worker, never the one that replaces it. */
async function runWorkers(command: ServeCommand, workers: number): Promise<void> {
  const { target, options, workerTimeoutMs } = command
  locate(target)
  process.exitCode = await superviseWorkers({
    name: target,
    workers,
    timeoutMs: workerTimeoutMs,
    program: thisProgram(),
    isOfCommand: true,
    logger: new ConsoleLogger({ verbose: options.debug ?? false }),
  })
}

async function serve({ target, options, supervised }: ServeCommand): Promise<void> {
  const loaded = await loadApp(target)
  if (supervised) stopWithSupervisor(loaded.app)
  await loaded.app.run(merged(loaded.options, options))
  loaded.done()
  if (supervised) process.exit(0)
}

/** What the command line says goes before what the module gave to `run`; one address replaces the other whole. */
function merged(own: RunOptions, given: RunOptions): RunOptions {
  const options = { ...own, ...given }
  if (given.unix !== undefined) {
    delete options.host
    delete options.port
  } else if (given.host !== undefined || given.port !== undefined) {
    delete options.unix
  }
  return options
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const text =
    error instanceof CliError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`usanic: ${text ?? ''}\n`)
  process.exit(error instanceof CliError ? error.exitCode : 1)
})
