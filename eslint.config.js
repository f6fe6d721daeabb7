import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/** Which rooms a room may import from, beside itself. Type-only imports obey the same rule. */
const ROOMS = {
  base: [],
  router: ['base'],
  http: ['base'],
  native: ['base', 'http'],
  workers: ['base'],
  app: ['base', 'router', 'http', 'native', 'workers'],
  decorators: ['base', 'router', 'http', 'app'],
  sse: ['base', 'http', 'app', 'workers'],
  redis: ['base', 'sse'],
  openapi: ['base', 'router', 'http', 'app'],
  testing: ['base', 'sse'],
  cli: ['base', 'app', 'workers'],
}

const roomRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: Object.keys(ROOMS)
              .filter((other) => other !== room && !allowed.includes(other))
              .flatMap((other) => [`../${other}/*`, `../../${other}/*`]),
            message: `src/${room} imports from ${[...allowed, 'itself'].join(', ')} only; see docs/architecture.md.`,
          },
          ...(room === 'native'
            ? []
            : [{ group: ['uWebSockets.js'], message: 'Only src/native knows the native build.' }]),
        ],
      },
    ],
  },
}))

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'test/fixtures', 'bench/node_modules', 'bench/.build'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'scripts/*.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Messages print numbers.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A cast carries its reason in a comment; the reviewer looks for that.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // What comes from JavaScript callers is checked, whatever its type promises.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/base/logger.ts', 'examples/**', 'bench/**', 'scripts/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  ...roomRules,
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['scripts/**', 'bench/**/*.{mjs,cjs}'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        __dirname: 'readonly',
        URL: 'readonly',
        process: 'readonly',
        console: 'readonly',
      },
    },
  },
)
