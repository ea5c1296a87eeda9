// The host's side of the two protocols our frame can speak: Canvas (strings, as the Canvas SDK posts them) and the
// messages of an LWC that holds an iframe. A message counts only when it comes from our own frame's window.
"use strict";

// Not the window's focus: it also comes with the press of a button after a look into the frame, and a page redrawn
// between a press and its release swallows the click.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") window.livePage.refresh();
});

(() => {
  const embed = document.querySelector("[data-embed]");
  if (!embed) return;
  const frame = embed.querySelector("iframe");
  const panelOrigin = embed.dataset.panelOrigin;

  const setHeight = (height) => {
    const pixels = Number.parseInt(height, 10);
    if (Number.isFinite(pixels)) frame.style.height = `${Math.min(Math.max(pixels, 80), 4000)}px`;
  };

  const ask = async (url) => {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`No new proof: HTTP ${answer.status}`);
    return answer.json();
  };

  const canvas = () => {
    const form = embed.querySelector("form");
    const field = form.elements.signed_request;
    const instanceId = embed.dataset.instanceId;

    const renew = async () => {
      const { signed_request: envelope } = await ask(embed.dataset.renew);
      return envelope;
    };

    const answer = (seq, status, payload) => {
      const message = {
        type: "callback", seq, status, statusText: status === 200 ? "OK" : "Error",
        parentVersion: embed.dataset.apiVersion, payload, targetModule: "Canvas",
      };
      frame.contentWindow.postMessage(JSON.stringify(message), panelOrigin);
    };

    const handlers = {
      resize: (body) => setHeight(body.size && body.size.height),
      repost: async (body) => {
        if (body.refresh) field.value = await renew();
        form.submit();
      },
      refresh: async (body, seq) => {
        try {
          const response = await renew();
          answer(seq, 200, { response, auxiliary: { appApprovalType: "ADMIN_APPROVED" } });
        } catch (problem) {
          answer(seq, 400, String(problem.message));
        }
      },
    };

    window.addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow || event.origin !== panelOrigin) return;
      if (typeof event.data !== "string") return;
      let message;
      try { message = JSON.parse(event.data); } catch { return; }
      if (!message || message.targetModule !== "Canvas" || !message.body) return;
      const client = message.body.config && message.body.config.client;
      if (!client || client.instanceId !== instanceId) return;
      const handle = Object.hasOwn(handlers, message.body.type) && handlers[message.body.type];
      if (handle) handle(message.body, message.seq);
    });

    form.submit();
  };

  const lightningComponent = () => {
    const handlers = {
      "crm-sync-widget:resize": (message) => setHeight(message.height),
      "crm-sync-widget:relaunch": async () => { frame.src = (await ask(embed.dataset.renew)).src; },
    };

    window.addEventListener("message", (event) => {
      // The origin is "null" when the frame is sandboxed, so the window is what tells who speaks.
      if (event.source !== frame.contentWindow) return;
      const message = event.data;
      if (!message || typeof message !== "object") return;
      const handle = Object.hasOwn(handlers, message.type) && handlers[message.type];
      if (handle) handle(message);
    });

    frame.src = embed.dataset.src;
  };

  if (embed.dataset.embed === "canvas") canvas(); else lightningComponent();
})();
