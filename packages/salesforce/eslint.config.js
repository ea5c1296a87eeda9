const babelParser = require('@babel/eslint-parser')
const lwc = require('@lwc/eslint-plugin-lwc')
const globals = require('globals')

const everywhere = {
  'array-callback-return': 'error',
  'consistent-return': 'error',
  curly: ['error', 'multi-line'],
  eqeqeq: 'error',
  'max-len': ['error', { code: 120 }],
  'no-dupe-keys': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-redeclare': 'error',
  'no-shadow': 'error',
  'no-undef': 'error',
  'no-unreachable': 'error',
  'no-unused-vars': 'error',
  'no-var': 'error',
  'prefer-const': 'error'
}

// Every rule that guards a component against what Lightning refuses or leaks. Left out: the ones for server-side
// rendering, which record pages do not have, and those that forbid parts of the language for old browsers' sake.
const lightning = [
  'consistent-component-name',
  'no-api-reassignments',
  'no-attributes-during-construction',
  'no-deprecated',
  'no-disallowed-lwc-imports',
  'no-document-query',
  'no-dupe-class-members',
  'no-inner-html',
  'no-leading-uppercase-api-name',
  'no-leaky-event-listeners',
  'no-template-children',
  'prefer-custom-event',
  'valid-api',
  'valid-track',
  'valid-wire'
]

module.exports = [
  { ignores: ['node_modules/**', 'coverage/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['force-app/**/lwc/**/*.js'],
    languageOptions: {
      parser: babelParser,
      parserOptions: {
        requireConfigFile: false,
        babelOptions: { parserOpts: { plugins: [['decorators', { decoratorsBeforeExport: false }]] } }
      },
      globals: globals.browser
    },
    plugins: { '@lwc/lwc': lwc },
    rules: {
      ...everywhere,
      ...Object.fromEntries(lightning.map((name) => [`@lwc/lwc/${name}`, 'error']))
    }
  },
  {
    files: ['force-app/**/aura/**/*Controller.js'],
    languageOptions: { ecmaVersion: 5, sourceType: 'script' },
    rules: { ...everywhere, 'no-var': 'off', 'prefer-const': 'off' }
  },
  {
    files: ['*.js', 'tests/**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: globals.node },
    rules: everywhere
  },
  {
    files: ['tests/**/*.js', '**/__tests__/**/*.js'],
    languageOptions: { globals: { ...globals.jest } }
  }
]
