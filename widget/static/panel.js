/* What htmx cannot do by attributes: the panel token, honest trouble, the host's messages, focus.
   Loaded before htmx. Works without cookies, storage and an origin of its own (sandbox="allow-scripts"). */
(function () {
  'use strict'

  // htmx notes the page's path and query in sessionStorage as it starts; the query may hold a one-time token.
  try { Object.defineProperty(window, 'sessionStorage', { value: undefined }) } catch (refused) { /* nothing to keep out */ }

  const root = document.documentElement
  const panel = document.getElementById('panel')
  const byId = (id) => document.getElementById(id)
  const at = panel.dataset.at || ''
  const on = (name, act) => document.addEventListener(name, act)

  /* ---- the host: our height, and a wish for a fresh launch ---- */

  const host = root.dataset
  let sequence = 0

  function tellHost (message) {
    if (!host.origin || window.parent === window) return
    window.parent.postMessage(message, host.origin)
  }

  // The envelope of Salesforce's Canvas SDK: a JSON string. The rep's OAuth token stays out of it.
  function tellCanvas (body) {
    sequence = sequence > 100 ? 0 : sequence + 1
    const client = { instanceId: host.instance || window.name.replace(/^canvas-frame-/, ''), targetOrigin: host.origin }
    body.config = { client: Object.assign({ oauthToken: 'null' }, client) }
    tellHost(JSON.stringify({ seq: sequence, src: 'client', clientVersion: '63.0', body: body, targetModule: 'Canvas' }))
  }

  let toldHeight = 0
  function tellHeight () {
    const height = Math.ceil(panel.getBoundingClientRect().height)
    if (!height || height === toldHeight) return
    toldHeight = height
    if (host.protocol === 'canvas') tellCanvas({ type: 'resize', size: { height: height + 'px', width: '' } })
    if (host.protocol === 'lwc') tellHost({ type: 'crm-sync-widget:resize', height: height })
  }
  if (window.ResizeObserver) new ResizeObserver(tellHeight).observe(panel)

  function relaunch () {
    if (host.protocol === 'hubspot') return closeWindow()
    if (host.protocol === 'canvas') tellCanvas({ type: 'repost', accessToken: 'null', refresh: true })
    if (host.protocol === 'lwc') tellHost({ type: 'crm-sync-widget:relaunch' })
    window.setTimeout(function () {
      say('No fresh panel has come yet.', 'Reload the page around this panel to go on.', { reload: true })
    }, 8000)
  }
  // HubSpot's modal listens at the very top, and to this alone. Nothing in it is anybody's secret.
  function closeWindow () {
    if (window.top !== window) window.top.postMessage(JSON.stringify({ action: 'DONE' }), '*')
    window.setTimeout(function () {
      say('This window is still open.', 'Close it by its own button, then open it again from the record.', {})
    }, 3000)
  }
  if (byId('relaunch')) byId('relaunch').addEventListener('click', relaunch)

  /* ---- words in the status region ---- */

  const shown = new Map() // region id -> the server's HTML in it

  function line (text, name) {
    const p = document.createElement('p')
    p.textContent = text
    p.dir = 'auto'
    if (name) p.className = name
    return p
  }

  function say (headline, detail, offer) {
    const box = document.createElement('div')
    box.className = 'says'
    box.dataset.tone = 'bad'
    const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    icon.setAttribute('class', 'icon')
    icon.setAttribute('aria-hidden', 'true')
    icon.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'use')).setAttribute('href', '#i-bad')
    box.append(icon, line(headline, 'headline'), line(detail))
    byId('told').replaceChildren(box)
    shown.delete('told')
    if (!byId('trouble')) return
    byId('again').hidden = !offer.again
    byId('relaunch').hidden = !(offer.reload && host.origin)
    byId('trouble').hidden = byId('again').hidden && byId('relaunch').hidden
  }

  const proof = byId('proof')
  if (!proof) return // a message page: nothing to ask the server for

  /* ---- the panel token: in this closure only ---- */

  let token = proof.content
  let ended = false
  let renewing = null
  let timer = 0
  const lifetime = Number(proof.dataset.expiresIn)
  proof.remove()

  function renewIn (seconds) {
    window.clearTimeout(timer)
    timer = window.setTimeout(function () { renew().catch(function () {}) }, seconds * 1000)
  }
  // A minute before the end; a shorter-lived token at half its life.
  const planRenewal = (seconds) => renewIn(Math.max(seconds - 60, seconds / 2))

  function renew () {
    if (!renewing) renewing = askForToken().finally(function () { renewing = null })
    return renewing
  }

  async function askForToken () {
    let answer
    try {
      answer = await fetch(at + '/panel/token', {
        method: 'POST', headers: { Authorization: 'Bearer ' + token }, credentials: 'omit', cache: 'no-store'
      })
      if (answer.ok) {
        const fresh = await answer.json()
        token = fresh.token
        planRenewal(fresh.expires_in)
        return
      }
    } catch (lost) {
      answer = null
    }
    if (answer && (answer.status === 401 || answer.status === 403)) {
      end()
    } else {
      renewIn(10)
    }
    throw new Error('no token')
  }

  function end () {
    ended = true
    window.clearTimeout(timer)
    window.clearTimeout(retryTimer)
    restButton()
    byId('next').replaceChildren()
    say('This panel needs a fresh start.',
      'It was open or asleep for too long, so its values may be old. A sync that was started goes on by itself.', { reload: true })
  }

  planRenewal(lifetime)

  let seenAt = Date.now()
  function comeBack () {
    if (document.hidden || ended) return
    renew().then(function () {
      const old = Date.now() - seenAt > 300000
      if (old && !byId('next').firstElementChild) window.htmx.trigger(panel, 'panel:stale')
    }, function () {})
  }
  document.addEventListener('visibilitychange', comeBack)
  window.addEventListener('pageshow', function (event) { if (event.persisted) comeBack() })

  /* ---- requests ---- */

  const repeated = new Set()
  const name = (config) => config.verb + ' ' + config.path
  const isPoll = (config) => config.path.indexOf('/panel/runs/') >= 0
  let failures = 0
  let retry = null
  let retryTimer = 0

  function setBusy (element, busy) {
    if (element.tagName !== 'BUTTON') return
    for (const attribute of ['aria-busy', 'aria-disabled']) {
      if (busy) element.setAttribute(attribute, 'true')
      else element.removeAttribute(attribute)
    }
  }

  // After trouble nothing runs from here any more, so a button we had marked may be pressed again.
  function restButton () {
    for (const button of panel.querySelectorAll('button[hx-post], button[hx-get]')) setBusy(button, false)
  }

  function send (config) {
    const source = config.elt.isConnected ? config.elt : panel
    setBusy(source, false)
    window.htmx.ajax(config.verb, config.path, {
      source: source, swap: 'none', values: Object.fromEntries(config.formData.entries())
    }).catch(function () {})
  }

  on('htmx:confirm', function (event) {
    const button = event.detail.elt
    const region = opened(button)
    if (button.getAttribute('aria-busy') === 'true') return event.preventDefault()
    if (!region || !region.firstElementChild) return
    // A second press closes what the first has opened.
    event.preventDefault()
    region.replaceChildren()
    shown.delete(region.id)
    tellOpened()
  })

  const opened = (button) => byId(button.getAttribute('aria-controls') || '')
  function tellOpened () {
    for (const button of panel.querySelectorAll('[aria-controls]')) {
      const region = opened(button)
      button.setAttribute('aria-expanded', String(!!(region && region.firstElementChild)))
    }
  }

  on('htmx:configRequest', function (event) {
    if (ended) {
      event.preventDefault()
      end()
      return
    }
    const headers = event.detail.headers
    for (const header of Object.keys(headers)) if (/^HX-/.test(header)) delete headers[header]
    headers.Authorization = 'Bearer ' + token
  })

  on('htmx:beforeRequest', function (event) {
    window.clearTimeout(retryTimer)
    setBusy(event.detail.elt, true)
  })

  on('htmx:beforeOnLoad', function (event) {
    const status = event.detail.xhr.status
    const config = event.detail.requestConfig
    if (status !== 401) {
      if (status < 400) answered(config)
      return
    }
    event.preventDefault()
    if (repeated.has(name(config))) return end()
    repeated.add(name(config))
    // The token may have been renewed while this request was under way.
    const ready = config.headers.Authorization === 'Bearer ' + token ? renew() : Promise.resolve()
    ready.then(function () { send(config) }, function () { if (!ended) unreachable(config) })
  })

  function answered (config) {
    repeated.delete(name(config))
    failures = 0
    retry = null
    seenAt = Date.now()
    byId('trouble').hidden = true
  }

  function trouble (config, headline, detail, offer) {
    repeated.delete(name(config))
    setBusy(config.elt, false)
    retry = function () { send(config) }
    say(headline, detail, offer)
  }

  function unreachable (config) {
    if (isPoll(config)) {
      const seconds = Math.min(15, Math.pow(2, failures++))
      trouble(config, 'The connection is lost.', 'The sync goes on without this page. Asking again by itself.', { again: true })
      retryTimer = window.setTimeout(retry, seconds * 1000)
    } else if (config.verb === 'post') {
      trouble(config, 'No answer came, so it is not sure that your click arrived.',
        'Try again: if the sync has started already, you join it.', { again: true })
    } else {
      trouble(config, 'The values could not be refreshed.', 'What you see is what was last read.', { again: true })
    }
  }
  for (const lost of ['htmx:sendError', 'htmx:timeout']) {
    on(lost, function (event) { unreachable(event.detail.requestConfig) })
  }

  const refusals = {
    403: ['You may not do this here.', 'Nothing was changed.'],
    404: ['This record or run is no longer there.', 'Reload the panel to see what is so now.'],
    409: ['Something else is going on with this record.', 'Nothing was changed. Try again in a moment.'],
    413: ['This was too large to send.', 'Nothing was changed.'],
    429: ['Too many requests in a short time.', 'Nothing was changed. Try again in a moment.']
  }

  function wordsOf (xhr) {
    try {
      const said = JSON.parse(xhr.responseText).message
      if (said && typeof said === 'string') return [said.slice(0, 300), '']
    } catch (notJson) { /* our own words then */ }
    return refusals[xhr.status] || ['The server refused this (' + xhr.status + ').', 'Nothing was changed.']
  }

  on('htmx:responseError', function (event) {
    const config = event.detail.requestConfig
    const status = event.detail.xhr.status
    if (status >= 500) {
      if (isPoll(config)) return unreachable(config)
      const kept = config.verb === 'post' ? 'Try again: if the sync has started already, you join it.' : 'What you see is what was last read.'
      return trouble(config, 'The server had a problem of its own.', kept, { again: true })
    }
    const words = wordsOf(event.detail.xhr)
    trouble(config, words[0], words[1], { again: status !== 413, reload: status === 403 || status === 404 })
  })

  byId('again').addEventListener('click', function () {
    window.clearTimeout(retryTimer)
    if (retry) retry()
    byId('sync').focus({ preventScroll: true })
  })

  /* ---- swaps: leave alone what did not change, keep the focus ---- */

  for (const region of document.querySelectorAll('#panel [id]')) {
    if (['top', 'action', 'told', 'steps', 'last', 'choices', 'fields', 'recent'].indexOf(region.id) >= 0) shown.set(region.id, region.innerHTML)
  }

  let focusLost = false
  on('htmx:oobBeforeSwap', function (event) {
    const target = event.detail.target
    const html = event.detail.fragment.innerHTML
    if (target.id === 'next') return
    // An unchanged region stays as it is: open details stay open, and nothing is read out twice.
    if (shown.get(target.id) === html) {
      event.detail.shouldSwap = false
      return
    }
    shown.set(target.id, html)
    // What stood inside is gone with it: asked for again, it is drawn again.
    for (const inner of target.querySelectorAll('[id]')) shown.delete(inner.id)
    focusLost = focusLost || target.contains(document.activeElement)
  })

  on('htmx:afterRequest', function (event) {
    if (event.detail.successful) restButton()
    tellOpened()
    if (focusLost && (!document.activeElement || document.activeElement === document.body)) byId('sync').focus({ preventScroll: true })
    focusLost = false
  })

  // Escape puts a hint away without moving the pointer.
  on('keydown', function (event) {
    if (event.key === 'Escape') root.classList.add('hush')
  })
  for (const back of ['pointerover', 'focusin']) on(back, function () { root.classList.remove('hush') })
}())
