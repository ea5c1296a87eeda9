const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { root, read, ending, nameOf, apex } = require('./project')

const classes = ending('.cls')
const triggers = ending('.trigger')
const isTest = (file) => /^@IsTest/m.test(read(file))
const classNamed = (name) => read(classes.find((file) => nameOf(file) === name))

// Words that the platform keeps for itself, some of them for later, and that a parser lets through.
const RESERVED = (
  'abstract activate and any array as asc autonomous begin bigdecimal blob boolean break bulk by byte case cast ' +
  'catch char class collect commit const continue currency date datetime decimal default delete desc do double ' +
  'else end enum exception exit export extends false final finally float for from global goto group having hint ' +
  'if implements import in inner insert instanceof int integer interface into join like limit list long loop map ' +
  'merge new not null nulls number object of on or outer override package parallel pragma private protected ' +
  'public retrieve return rollback search select set short sobject sort static string super switch synchronized ' +
  'system testmethod then this throw time transaction trigger true try undelete update upsert using virtual void ' +
  'webservice when where while'
).split(' ')

describe('Apex', () => {
  it.each([...classes, ...triggers])('%s can be parsed', (file) => {
    expect(apex(read(file), { isTrigger: file.endsWith('.trigger') }).errors).toEqual([])
  })

  it('would not pass with a mistake in it', () => {
    expect(apex('public class A { void b( { } }').errors).not.toEqual([])
  })

  it.each(classes)('%s names nothing with a word of the platform', (file) => {
    const { names } = apex(read(file))

    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => RESERVED.includes(name.toLowerCase()))).toEqual([])
  })

  it.each(classes)('%s says whose rights it runs with', (file) => {
    if (!isTest(file)) expect(read(file)).toMatch(/^public (with|inherited) sharing class /m)
  })

  it.each([...classes, ...triggers])('%s keeps to 120 columns', (file) => {
    const signed = /"org_id"/ // the sample of the README stands in one piece
    const long = read(file).split('\n').filter((line) => line.length > 120 && !signed.test(line))

    expect(long).toEqual([])
  })

  it('has a test class for every class with something to test', () => {
    const tested = { CrmSyncHintSender: 'CrmSyncHintTest', CrmSyncHintAction: 'CrmSyncHintTest' }
    const names = classes.map(nameOf)

    for (const file of classes.filter((each) => !isTest(each))) {
      expect(names).toContain(tested[nameOf(file)] || `${nameOf(file)}Test`)
    }
  })
})

describe('what the component calls', () => {
  it('is a method that pages may call', () => {
    const source = read('force-app/main/default/lwc/crmSyncPanel/crmSyncPanel.js')
    const imported = [...source.matchAll(/@salesforce\/apex\/(\w+)\.(\w+)/g)]

    expect(imported.length).toBeGreaterThan(0)
    for (const [, name, method] of imported) {
      expect(classNamed(name)).toMatch(new RegExp(`@AuraEnabled\\s+public static String ${method}\\(`))
    }
  })

  it('passes the parameters by their names', () => {
    const source = read('force-app/main/default/lwc/crmSyncPanel/crmSyncPanel.js')
    const sent = source.match(/launchUrl\(\{ (\w+): [^,]+, (\w+): /).slice(1, 3)
    const taken = classNamed('CrmSyncLaunch').match(/launchUrl\(Id (\w+), String (\w+)\)/).slice(1, 3)

    expect(sent).toEqual(taken)
  })
})

describe('in an org that is not ours', () => {
  it('no job is queued where the org has one place in all', () => {
    const hint = classNamed('CrmSyncHint')

    for (const context of ['isBatch', 'isFuture', 'isQueueable']) {
      expect(hint).toMatch(new RegExp(`mayQueue\\(\\) \\{[^}]*!System\\.${context}\\(\\)`))
    }
    expect(hint).toMatch(/if \(mayQueue\(\) && /)
    expect(hint.match(/System\.enqueueJob/g)).toHaveLength(1)
    for (const file of triggers) expect(read(file)).not.toMatch(/enqueueJob/)
  })

  it('no standard profile is looked up by its name, which is in the language of the org', () => {
    for (const file of classes) expect(read(file)).not.toMatch(/FROM Profile\b[^\]]*\bName\b/)
  })

  it('whoever queues in a test has somebody to answer, since a test ends by running its queue', () => {
    const test = classNamed('CrmSyncHintTest')

    expect(test).toMatch(/void switchOn\(\) \{[^}]*Test\.setMock\(HttpCalloutMock\.class/)
    for (const [, body] of test.matchAll(/@IsTest\s+static void \w+\(\) \{(.*?)\n {4}\}/gs)) {
      if (/CrmSyncSamples\.(contact|saveLater|Saving)|\b(insert|CrmSyncHint(Action)?\.send)\b/.test(body)) {
        expect(body).toContain('switchOn()')
      }
    }
  })
})

describe('what Apex names', () => {
  it('are fields that there are', () => {
    const fields = ending('.field-meta.xml').map(nameOf)
    const objects = ending('.object-meta.xml').map(nameOf)
    const known = [...fields, ...objects, 'no_such_field__c', 'site__c', 'Site__c']

    for (const file of classes) {
      for (const [name] of read(file).matchAll(/\b\w+__(c|mdt)\b/g)) expect(known).toContain(name)
    }
  })

  it('are permissions and permission sets that there are', () => {
    const permissions = ending('.customPermission-meta.xml').map(nameOf)
    const sets = ending('.permissionset-meta.xml').map(nameOf)
    const source = classes.map(read).join('\n')
    const asked = [...source.matchAll(/checkPermission\('(\w+)'\)/g)].map((match) => match[1])
    const assigned = [...source.matchAll(/assign\(\w+, '(\w+)'\)/g)].map((match) => match[1])

    expect(asked.length).toBeGreaterThan(0)
    expect(assigned.length).toBeGreaterThan(0)
    for (const name of asked) expect(permissions).toContain(name)
    for (const name of assigned) expect(sets).toContain(name)
  })
})

describe('what the server is told', () => {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

  it('is signed as the README says, and the Apex test holds the same sample', () => {
    const body = readme.match(/^ {4}(\{.*\})$/m)[1]
    const timestamp = readme.match(/X-CRM-Sync-Timestamp: (\d+)/)[1]
    const signature = readme.match(/X-CRM-Sync-Signature: v1=([0-9a-f]{64})/)[1]
    const secret = readme.match(/signed with the secret `([^`]+)`/)[1]

    expect(crypto.createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')).toBe(signature)
    for (const piece of [body, timestamp, signature, secret]) expect(classNamed('CrmSyncHintTest')).toContain(piece)
  })

  it('are the claims of the README, no more and no less', () => {
    const launch = classNamed('CrmSyncLaunch')
    const made = [...launch.matchAll(/^ {12}'(\w+)' => /gm)].map((match) => match[1])
    const put = [...launch.matchAll(/claims\.put\('(\w+)'/g)].map((match) => match[1])
    const section = readme.slice(readme.indexOf('| claim | value |'), readme.indexOf('## Hints'))
    const rows = section.split('\n').map((line) => line.match(/^\| (`.*?`) \|/)).filter(Boolean)
    const told = rows.flatMap((row) => [...row[1].matchAll(/`(\w+)`/g)].map((match) => match[1]))

    expect([...made, ...put].sort()).toEqual(told.sort())
  })
})
