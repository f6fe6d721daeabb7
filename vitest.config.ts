import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url))

// Tests of the source import the package by its own name. Examples and the packed package run in processes of
// their own, on what the build made.
const resolve = {
  alias: [
    { find: /^usanic$/, replacement: source('index.ts') },
    { find: /^usanic\/(openapi|redis|sse|testing)$/, replacement: source('$1/index.ts') },
  ],
}

/** An open server must not outlive its test: each file has a process of its own. */
const common = { pool: 'forks' as const, testTimeout: 20_000, hookTimeout: 20_000 }

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        esbuild: { tsconfigRaw: { compilerOptions: { experimentalDecorators: true } } },
        test: { ...common, name: 'main', include: ['test/{unit,integration,package}/**/*.test.ts'] },
      },
      {
        // Standard decorators: the same tool without the flag.
        resolve,
        esbuild: { tsconfigRaw: { compilerOptions: { experimentalDecorators: false } }, target: 'es2022' },
        test: { ...common, name: 'standard', include: ['test/standard/**/*.test.ts'] },
      },
      {
        // Real processes, real browsers, stalled readers: slow by nature, one at a time.
        resolve,
        test: {
          ...common,
          name: 'slow',
          include: ['test/{e2e,faults}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 150_000,
        },
      },
    ],
  },
})
