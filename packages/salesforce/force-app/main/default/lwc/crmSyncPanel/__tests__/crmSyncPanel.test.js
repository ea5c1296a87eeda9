import { createElement } from 'lwc'
import CrmSyncPanel from 'c/crmSyncPanel'
import launchUrl from '@salesforce/apex/CrmSyncLaunch.launchUrl'

jest.mock('@salesforce/apex/CrmSyncLaunch.launchUrl', () => ({ default: jest.fn() }), { virtual: true })

const ADDRESS = 'https://sync.example.com/launch/salesforce/lwc?token=one'
const FRESH = 'https://sync.example.com/launch/salesforce/lwc?token=two'
const CONTACT = '003000000000001AAA'
const OTHER = '003000000000002AAA'

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

function place(values = {}) {
  const panel = createElement('c-crm-sync-panel', { is: CrmSyncPanel })
  Object.assign(panel, { recordId: CONTACT }, values)
  document.body.appendChild(panel)
  return panel
}

const frameOf = (panel) => panel.shadowRoot.querySelector('iframe')
const troubleOf = (panel) => panel.shadowRoot.querySelector('[role="alert"]')

function say(source, data) {
  window.dispatchEvent(new MessageEvent('message', { source, data, origin: 'null' }))
}

beforeEach(() => {
  launchUrl.mockReset()
  launchUrl.mockResolvedValue(ADDRESS)
})

afterEach(() => {
  while (document.body.firstChild) document.body.firstChild.remove()
})

describe('opening', () => {
  it('frames the address that Apex gives for this record', async () => {
    const panel = place()
    await settled()

    expect(launchUrl).toHaveBeenCalledTimes(1)
    expect(launchUrl).toHaveBeenCalledWith({ recordId: CONTACT, theme: 'light' })
    expect(frameOf(panel).src).toBe(ADDRESS)
    expect(frameOf(panel).title).toBe('CRM Sync')
  })

  it('passes on the colors that the page builder chose', async () => {
    place({ theme: 'System' })
    await settled()

    expect(launchUrl).toHaveBeenCalledWith({ recordId: CONTACT, theme: 'system' })
  })

  it('shows that it is opening until Apex has answered', async () => {
    const panel = place()
    expect(panel.shadowRoot.querySelector('lightning-spinner')).not.toBeNull()
    await settled()

    expect(panel.shadowRoot.querySelector('lightning-spinner')).toBeNull()
  })

  it('asks nothing on a page without a record', async () => {
    const panel = place({ recordId: undefined })
    await settled()

    expect(launchUrl).not.toHaveBeenCalled()
    expect(frameOf(panel)).toBeNull()
  })

  it('says what Apex says when it refuses, and asks again at a click', async () => {
    launchUrl.mockRejectedValueOnce({ body: { message: 'You may not see Contact records.' } })
    const panel = place()
    await settled()
    expect(troubleOf(panel).textContent).toContain('You may not see Contact records.')
    expect(frameOf(panel)).toBeNull()

    panel.shadowRoot.querySelector('lightning-button').click()
    await settled()

    expect(troubleOf(panel)).toBeNull()
    expect(frameOf(panel).src).toBe(ADDRESS)
  })

  it('has words of its own when the platform has none', async () => {
    launchUrl.mockRejectedValueOnce(new Error('offline'))
    const panel = place()
    await settled()

    expect(troubleOf(panel).textContent).toContain('Salesforce gave no answer.')
  })
})

describe('going on to another record', () => {
  it('opens the panel of the new record', async () => {
    const panel = place()
    await settled()
    launchUrl.mockResolvedValueOnce(FRESH)

    panel.recordId = OTHER
    await settled()

    expect(launchUrl).toHaveBeenLastCalledWith({ recordId: OTHER, theme: 'light' })
    expect(frameOf(panel).src).toBe(FRESH)
  })

  it('does not ask again for the same record', async () => {
    const panel = place()
    await settled()

    panel.recordId = CONTACT
    await settled()

    expect(launchUrl).toHaveBeenCalledTimes(1)
  })

  it('drops the answer for the record it has left', async () => {
    let answerLate
    launchUrl.mockImplementationOnce(() => new Promise((resolve) => { answerLate = resolve }))
    const panel = place()
    launchUrl.mockResolvedValueOnce(FRESH)

    panel.recordId = OTHER
    await settled()
    answerLate(ADDRESS)
    await settled()

    expect(frameOf(panel).src).toBe(FRESH)
  })
})

describe('what the panel asks of its host', () => {
  it('gets the height it needs, within bounds', async () => {
    const panel = place()
    await settled()
    const frame = frameOf(panel)

    const heights = []
    for (const height of [612.4, 3, 90000]) {
      say(frame.contentWindow, { type: 'crm-sync-widget:resize', height })
      await settled()
      heights.push(frame.style.height)
    }

    expect(heights).toEqual(['613px', '80px', '4000px'])
  })

  it('keeps its height when it sends none', async () => {
    const panel = place()
    await settled()
    const before = frameOf(panel).style.height

    say(frameOf(panel).contentWindow, { type: 'crm-sync-widget:resize', height: 'tall' })
    await settled()

    expect(frameOf(panel).style.height).toBe(before)
  })

  it('gets a fresh address when it asks for a new launch', async () => {
    const panel = place()
    await settled()
    launchUrl.mockResolvedValueOnce(FRESH)

    say(frameOf(panel).contentWindow, { type: 'crm-sync-widget:relaunch' })
    await settled()

    expect(frameOf(panel).src).toBe(FRESH)
  })

  it('gets one fresh address, however often it asks', async () => {
    const panel = place()
    await settled()
    const speaker = frameOf(panel).contentWindow

    say(speaker, { type: 'crm-sync-widget:relaunch' })
    say(speaker, { type: 'crm-sync-widget:relaunch' })
    await settled()

    expect(launchUrl).toHaveBeenCalledTimes(2)
  })

  it('is heard only from its own frame', async () => {
    const panel = place()
    await settled()
    const before = frameOf(panel).style.height

    say(window, { type: 'crm-sync-widget:resize', height: 900 })
    say(window, { type: 'crm-sync-widget:relaunch' })
    say(frameOf(panel).contentWindow, 'not an object')
    say(frameOf(panel).contentWindow, null)
    await settled()

    expect(frameOf(panel).style.height).toBe(before)
    expect(launchUrl).toHaveBeenCalledTimes(1)
  })

  it('is not heard any more once the component has left the page', async () => {
    const panel = place()
    await settled()
    const speaker = frameOf(panel).contentWindow
    panel.remove()

    say(speaker, { type: 'crm-sync-widget:relaunch' })
    await settled()

    expect(launchUrl).toHaveBeenCalledTimes(1)
  })
})
