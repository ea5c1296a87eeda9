/** Reads the project as Salesforce would: its files, its XML, its Apex. */
const fs = require('node:fs')
const path = require('node:path')
const { XMLParser, XMLValidator } = require('fast-xml-parser')
const { ApexErrorListener, ApexParserFactory } = require('@apexdevtools/apex-parser')

const root = path.resolve(__dirname, '..')
const project = JSON.parse(fs.readFileSync(path.join(root, 'sfdx-project.json'), 'utf8'))

/** Paths below the project, of every file that is deployed. */
const files = project.packageDirectories
  .flatMap(({ path: folder }) => fs.readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && !entry.parentPath.includes('__tests__'))
  .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
  .sort()

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')
const ending = (suffix) => files.filter((file) => file.endsWith(suffix))
const nameOf = (file) => path.basename(file).split('.')[0]

const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false })

/** Throws where the text is no well-formed XML. */
function xml(file) {
  const verdict = XMLValidator.validate(read(file))
  if (verdict !== true) throw new Error(`${file}: ${JSON.stringify(verdict.err)}`)
  const parsed = parser.parse(read(file))
  delete parsed['?xml']
  return parsed
}

const list = (value) => (value === undefined ? [] : [].concat(value))

const DECLARING = ['VariableDeclarator', 'FormalParameter', 'MethodDeclaration', 'EnhancedForControl']

/** A class or trigger: what is wrong with it ("line: message" each), and the names it gives to anything. */
function apex(text, { isTrigger = false } = {}) {
  if (!parsed.has(text)) parsed.set(text, parse(text, isTrigger))
  return parsed.get(text)
}

const parsed = new Map()

function parse(text, isTrigger) {
  const errors = []
  class Listener extends ApexErrorListener {
    apexSyntaxError(line, column, message) {
      errors.push(`${line}: ${message}`)
    }
  }
  const { parser: grammar } = ApexParserFactory.createLexerAndParser(text, new Listener())
  const tree = isTrigger ? grammar.triggerUnit() : grammar.compilationUnit()
  return { errors, names: errors.length ? [] : namesIn(tree) }
}

function namesIn(node) {
  const isDeclaring = DECLARING.includes(node.constructor.name.replace('Context', ''))
  const below = (node.children || []).flatMap(namesIn)
  return isDeclaring ? [node.id().getText(), ...below] : below
}

module.exports = { root, project, files, read, ending, nameOf, xml, list, apex }
