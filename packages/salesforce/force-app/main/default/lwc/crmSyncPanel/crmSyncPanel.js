import { LightningElement, api } from 'lwc'
import launchUrl from '@salesforce/apex/CrmSyncLaunch.launchUrl'

const RESIZE = 'crm-sync-widget:resize'
const RELAUNCH = 'crm-sync-widget:relaunch'
const LOWEST = 80
const HIGHEST = 4000

/** Frames the CRM Sync panel on a record page. Apex gives its address, which is good for one use within a minute. */
export default class CrmSyncPanel extends LightningElement {
  /** "Light", "Dark" or "System": the page builder's choice. */
  @api theme = 'Light'

  address = ''
  trouble = ''
  height = 420

  _recordId = ''
  _asked = 0
  _isAsking = false

  /** One page may go on to another record: the panel follows. */
  @api
  get recordId() {
    return this._recordId
  }

  set recordId(value) {
    const isNew = value !== this._recordId
    this._recordId = value
    if (isNew && this.isConnected) this.launch()
  }

  connectedCallback() {
    window.addEventListener('message', this.hear)
    this.launch()
  }

  disconnectedCallback() {
    window.removeEventListener('message', this.hear)
    this._asked += 1 // an answer that is still under way is for nobody
    this._isAsking = false
  }

  renderedCallback() {
    this.takeHeight()
  }

  get frame() {
    return this.template.querySelector('iframe')
  }

  get isLoading() {
    return !this.address && !this.trouble
  }

  /** Asks Apex for a fresh address. The answer for an earlier record is dropped. */
  async launch() {
    if (!this._recordId) return
    this._asked += 1
    const asked = this._asked
    this._isAsking = true
    this.trouble = ''
    this.address = ''
    try {
      const address = await launchUrl({ recordId: this._recordId, theme: this.theme.toLowerCase() })
      if (asked === this._asked) this.address = address
    } catch (problem) {
      if (asked === this._asked) this.trouble = wordsOf(problem)
    } finally {
      if (asked === this._asked) this._isAsking = false
    }
  }

  hear = (event) => {
    const frame = this.frame
    // In a sandbox the frame's origin is "null", so its window is what tells who speaks.
    if (!frame || event.source !== frame.contentWindow) return
    const message = event.data
    if (!message || typeof message !== 'object') return
    if (message.type === RESIZE) this.resize(message.height)
    if (message.type === RELAUNCH && !this._isAsking) this.launch()
  }

  resize(height) {
    const pixels = Math.ceil(Number(height))
    if (!Number.isFinite(pixels)) return
    this.height = Math.min(Math.max(pixels, LOWEST), HIGHEST)
    this.takeHeight()
  }

  // The room is kept while a fresh panel is on its way: the page around it does not jump.
  takeHeight() {
    for (const part of this.template.querySelectorAll('.panel, iframe')) part.style.height = `${this.height}px`
  }
}

function wordsOf(problem) {
  const said = problem && problem.body && problem.body.message
  return typeof said === 'string' && said ? said : 'Salesforce gave no answer.'
}
