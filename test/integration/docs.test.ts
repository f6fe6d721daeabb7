/**
 * Every TypeScript block of the README and the docs compiles as a user's file would; those that end by themselves run.
 * Every configuration of nginx is one that nginx takes.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaintsOfNginx, hasNginx } from '../support/nginx.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
/** Inside the checkout, so that `usanic` resolves to itself, as in `npm pack`ed form elsewhere. */
const folder = `${root}test/.docs-${process.pid}`

interface Block {
  readonly name: string
  readonly code: string
}

function blocksOf(page: string, language: string): Block[] {
  const text = readFileSync(root + page, 'utf8')
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms')
  return [...text.matchAll(block)].map((match, index) => ({
    name: `${page.replaceAll(/\W/g, '-')}-${index}.${language}`,
    code: match[1] ?? '',
  }))
}

const pages = [
  'README.md',
  ...readdirSync(`${root}docs`).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
]
const blocks = pages.flatMap((page) => blocksOf(page, 'ts'))
const nginxBlocks = pages.flatMap((page) => blocksOf(page, 'nginx'))

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const { name, code } of blocks) writeFileSync(`${folder}/${name}`, code)
  const options = { noUnusedLocals: false, noUnusedParameters: false }
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: options,
      include: ['*.ts'],
      exclude: [],
    }),
  )
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('the code of README and docs', () => {
  it('is there', () => {
    expect(blocks.length).toBeGreaterThan(8)
  })

  it('compiles, in the strictest mode', { timeout: 120_000 }, async () => {
    const compiled = await run(`${root}node_modules/.bin/tsc`, ['-p', `${folder}/tsconfig.json`]).catch(
      (error: unknown) => error as { stdout: string },
    )
    expect(compiled.stdout).toBe('')
  })

  it.each(
    blocks.filter(({ code }) => !code.includes('app.run(')).map((block) => [block.name, block] as const),
  )('%s runs to its end', { timeout: 60_000 }, async (name) => {
    const { stderr } = await run(process.execPath, ['--import', 'tsx', `${folder}/${name}`], { cwd: root })
    expect(stderr).not.toMatch(/Error/)
  })
})

describe.runIf(hasNginx)('the configurations of nginx in README and docs', () => {
  it('are there', () => {
    expect(nginxBlocks.length).toBeGreaterThan(1)
  })

  it.each(nginxBlocks.map(({ name, code }) => [name, code] as const))('%s is in order', (_name, code) => {
    // The port is bound even for a look, and 80 is for root.
    expect(complaintsOfNginx(code.replace('listen 80', 'listen 127.0.0.1:8080'))).toBe('')
  })
})
