const { jestConfig } = require('@salesforce/sfdx-lwc-jest/config')

module.exports = {
  projects: [
    { ...jestConfig, displayName: 'component', rootDir: __dirname, roots: ['<rootDir>/force-app'] },
    { displayName: 'project', rootDir: __dirname, roots: ['<rootDir>/tests'], testEnvironment: 'node', transform: {} }
  ]
}
