const fs = require('node:fs')
const path = require('node:path')
const { project, root, files, read, ending, nameOf, xml, list } = require('./project')

const NAMESPACE = 'http://soap.sforce.com/2006/04/metadata'
const PLACEHOLDER = 'https://sync.example.com'

const objects = Object.fromEntries(ending('.object-meta.xml').map((file) => [nameOf(file), fieldsOf(file)]))

function fieldsOf(objectFile) {
  const folder = path.join(path.dirname(objectFile), 'fields')
  const described = files.filter((file) => path.dirname(file) === folder).map((file) => xml(file).CustomField)
  return Object.fromEntries(described.map((field) => [field.fullName, field]))
}

// Standard objects have no file of their own here.
const keyFields = files
  .filter((file) => path.basename(file) === 'CRM_Sync_Id__c.field-meta.xml')
  .map((file) => [file.split(path.sep).at(-3), xml(file).CustomField])

const lightningMarkup = ['.cmp', '.design']
const isMarkup = (file) => file.endsWith('.xml') || lightningMarkup.some((suffix) => file.endsWith(suffix))

describe('every file', () => {
  it.each(files.filter(isMarkup))('%s is well-formed', (file) => {
    expect(Object.keys(xml(file))).toHaveLength(1)
  })

  // Aura markup and its design have no metadata namespace; their -meta.xml has.
  it.each(files.filter((file) => file.endsWith('-meta.xml')))('%s is Salesforce metadata', (file) => {
    const [body] = Object.values(xml(file))

    expect(body['@_xmlns']).toBe(NAMESPACE)
  })

  it.each(files.filter((file) => /\.(cls|trigger|cmp)$|\/lwc\/.*\.js$/.test(file)))('%s has its metadata', (file) => {
    expect(files).toContain(`${file}-meta.xml`)
  })

  it.each(files.filter((file) => /\.(cls|trigger|cmp|js)-meta\.xml$/.test(file)))('%s describes a file', (file) => {
    const [body] = Object.values(xml(file))

    expect(files).toContain(file.replace('-meta.xml', ''))
    expect(body.apiVersion).toBe(project.sourceApiVersion)
  })

  it('has the server as a placeholder only where deploying puts in the address', () => {
    // Test classes keep the placeholder: they call nobody.
    const holding = files.filter((file) => !file.endsWith('.cls') && read(file).includes(PLACEHOLDER))
    const replaced = project.replacements.map((each) => each.filename).sort()

    expect(replaced).toEqual(holding)
    for (const each of project.replacements) {
      expect(each).toMatchObject({ stringToReplace: PLACEHOLDER, replaceWithEnv: 'CRM_SYNC_URL' })
    }
  })

  it('holds no secret', () => {
    expect(files.filter((file) => read(file).includes('PRIVATE KEY'))).toEqual([])
    expect(Object.keys(objects.CrmSyncSecret__c)).toEqual(['Hint_Secret__c'])
    expect(files.filter((file) => path.basename(file).startsWith('CrmSyncSecret.'))).toEqual([])
  })

  it('promises no protection that only a managed package gives', () => {
    const visibilities = ending('.object-meta.xml').map((file) => xml(file).CustomObject.visibility)

    expect(visibilities.length).toBeGreaterThan(0)
    expect(visibilities).not.toContain('Protected')
  })
})

describe('permission sets', () => {
  const sets = ending('.permissionset-meta.xml')
  const ofPanel = sets.filter((file) => nameOf(file).startsWith('CRM_Sync_Panel'))

  it.each(sets)('%s gives what there is', (file) => {
    const { classAccesses, customPermissions } = xml(file).PermissionSet

    for (const each of list(classAccesses)) {
      expect(ending('.cls').map(nameOf)).toContain(each.apexClass)
    }
    for (const each of list(customPermissions)) {
      expect(ending('.customPermission-meta.xml').map(nameOf)).toContain(each.name)
    }
  })

  it.each(ofPanel)('%s gives every class that a page or a flow calls, and no other', (file) => {
    const called = ending('.cls').filter((each) => /@(AuraEnabled|InvocableMethod)/.test(read(each)))

    const given = list(xml(file).PermissionSet.classAccesses).map((each) => each.apexClass)

    expect(given.sort()).toEqual(called.map(nameOf).sort())
  })

  it('let whoever saves a record run the flow that tells of it, and nothing else', () => {
    const { classAccesses, ...rest } = xml(sets.find((file) => nameOf(file) === 'CRM_Sync_Hints')).PermissionSet
    const invocable = ending('.cls').filter((file) => read(file).includes('@InvocableMethod'))

    expect(list(classAccesses).map((each) => each.apexClass)).toEqual(invocable.map(nameOf))
    expect(Object.keys(rest).sort()).toEqual(['@_xmlns', 'description', 'hasActivationRequired', 'label'])
  })

  it('differ in the right to sync', () => {
    const maySync = sets.filter((file) => list(xml(file).PermissionSet.customPermissions).length > 0)

    expect(maySync.map(nameOf)).toEqual(['CRM_Sync_Panel'])
  })

  it('let the integration user, and nobody else, write the key of what it makes', () => {
    const giving = sets.filter((file) => list(xml(file).PermissionSet.fieldPermissions).length > 0)
    const [integration] = giving.map((file) => xml(file).PermissionSet)

    expect(giving.map(nameOf)).toEqual(['CRM_Sync_Integration'])
    expect(list(integration.classAccesses)).toEqual([])
    expect(list(integration.fieldPermissions)).toEqual(
      keyFields.map(([object]) => ({ editable: 'true', field: `${object}.CRM_Sync_Id__c`, readable: 'true' }))
    )
  })
})

describe('the key of what was made', () => {
  it('is there on every object that has a trigger', () => {
    const triggers = ending('.trigger').map((file) => /\bon (\w+)/.exec(read(file))[1])

    expect(keyFields.map(([object]) => object)).toEqual(triggers.sort())
  })

  it.each(keyFields)('is a unique external id on %s, as long as the server makes it', (object, field) => {
    expect(field).toMatchObject({
      fullName: 'CRM_Sync_Id__c', type: 'Text', length: '40', unique: 'true', externalId: 'true', required: 'false'
    })
  })
})

describe('settings', () => {
  const records = ending('.md-meta.xml')

  it.each(records)('%s fills fields of its type', (file) => {
    const fields = objects[`${nameOf(file)}__mdt`]

    for (const each of list(xml(file).CustomMetadata.values)) {
      expect(Object.keys(fields)).toContain(each.field)
      const text = each.value['#text'] || ''
      const isBoolean = fields[each.field].type === 'Checkbox'
      if (text) expect(each.value['@_xsi:type']).toBe(isBoolean ? 'xsd:boolean' : 'xsd:string')
      if (!isBoolean) expect(text.length).toBeLessThanOrEqual(Number(fields[each.field].length))
    }
  })

  it('has the record that Apex reads', () => {
    expect(records.map((file) => path.basename(file))).toContain('CrmSyncSetting.Default.md-meta.xml')
  })

  it('names each object once, as its record is named', () => {
    const named = records.filter((file) => nameOf(file) === 'CrmSyncObject').map((file) => {
      const values = list(xml(file).CustomMetadata.values)
      return [path.basename(file).split('.')[1], values.find((each) => each.field === 'Object__c').value['#text']]
    })

    expect(named.length).toBeGreaterThan(0)
    for (const [record, object] of named) expect(object).toBe(record)
  })

  it('leaves hints off until somebody has set a secret', () => {
    const values = list(xml(records.find((file) => file.includes('Setting.Default'))).CustomMetadata.values)

    expect(values.find((each) => each.field === 'Hints_On__c').value['#text']).toBe('false')
  })
})

describe('embedding', () => {
  it('lets Lightning frame the server, and nothing more', () => {
    const [file] = ending('.cspTrustedSite-meta.xml')
    const site = xml(file).CspTrustedSite
    const allowed = Object.keys(site).filter((key) => /^(isApplicableTo|canAccess)/.test(key) && site[key] === 'true')

    expect(site).toMatchObject({ endpointUrl: PLACEHOLDER, isActive: 'true', context: 'LEX' })
    expect(allowed).toEqual(['isApplicableToFrameSrc'])
  })

  it('lets Apex call the server that hints go to', () => {
    const [file] = ending('.remoteSite-meta.xml')

    expect(xml(file).RemoteSiteSetting).toMatchObject({ url: PLACEHOLDER, isActive: 'true' })
  })

  it('shows the component on record pages', () => {
    const bundle = xml('force-app/main/default/lwc/crmSyncPanel/crmSyncPanel.js-meta.xml').LightningComponentBundle

    expect(bundle.isExposed).toBe('true')
    expect(list(bundle.targets.target)).toEqual(['lightning__RecordPage'])
  })

  it('offers as many colors in the page builder as the component knows', () => {
    const bundle = xml('force-app/main/default/lwc/crmSyncPanel/crmSyncPanel.js-meta.xml').LightningComponentBundle
    const design = xml('force-app/main/default/aura/crmSyncCanvas/crmSyncCanvas.design')['design:component']

    expect(bundle.targetConfigs.targetConfig.property['@_datasource']).toBe('Light,Dark,System')
    expect(design['design:attribute']['@_datasource']).toBe('Light,Dark,System')
  })
})

describe('the Canvas app', () => {
  const [app] = ending('.eca-meta.xml').map(nameOf)

  it('is one app in all its files', () => {
    const canvas = xml(ending('.ecaCanvas-meta.xml')[0]).ExtlClntAppCanvasSettings
    const policies = xml(ending('.ecaPlcy-meta.xml')[0]).ExtlClntAppConfigurablePolicies
    const component = read('force-app/main/default/aura/crmSyncCanvas/crmSyncCanvas.cmp')

    expect(canvas.externalClientApplication).toBe(app)
    expect(policies.externalClientApplication).toBe(app)
    expect(component).toContain(`developerName="${app}"`)
  })

  it('posts to the launch that checks signed requests', () => {
    const canvas = xml(ending('.ecaCanvas-meta.xml')[0]).ExtlClntAppCanvasSettings

    expect(canvas.accessMethod).toBe('Post')
    expect(canvas.canvasUrl).toBe(`${PLACEHOLDER}/launch/salesforce/canvas`)
    expect(list(canvas.canvasLocationOptions)).toEqual(['Aura', 'PageLayout'])
  })

  it('passes the record on by the names that the server reads', () => {
    const source = read('force-app/main/default/aura/crmSyncCanvas/crmSyncCanvasController.js')
    const controller = new Function(`return ${source}`)()
    const values = { 'v.recordId': '003000000000001AAA', 'v.sObjectName': 'Contact', 'v.theme': 'Dark' }
    const component = { get: (name) => values[name], set: (name, value) => { values[name] = value } }

    controller.onInit(component)

    expect(JSON.parse(values['v.parameters'])).toEqual({
      recordId: '003000000000001AAA', objectApiName: 'Contact', theme: 'dark'
    })
  })

  it('is drawn by a component whose actions exist', () => {
    const markup = read('force-app/main/default/aura/crmSyncCanvas/crmSyncCanvas.cmp')
    const source = read('force-app/main/default/aura/crmSyncCanvas/crmSyncCanvasController.js')
    const actions = [...markup.matchAll(/\{!c\.(\w+)\}/g)].map((match) => match[1])

    expect(actions.length).toBeGreaterThan(0)
    for (const action of actions) expect(source).toMatch(new RegExp(`\\b${action}: function`))
  })
})

describe('the way into an org', () => {
  it('has a scratch org to try things in', () => {
    const definition = JSON.parse(fs.readFileSync(path.join(root, 'config/project-scratch-def.json'), 'utf8'))

    expect(definition.edition).toBe('Developer')
  })
})
