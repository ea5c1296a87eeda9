// Draws the app's card, as HubSpot's components do in `packages/hubspot`, and holds the modal its Details open in.
"use strict";

(() => {
  const holder = document.getElementById("app-card");
  if (!holder) return;

  const longestValue = 240;
  const tones = { good: "success", attention: "warning", bad: "danger", busy: "info", off: "default" };
  const sides = { here: "Changed here", crm: "Changed in HubSpot" };

  const make = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  };
  const joined = (words, joint) => words.filter(Boolean).join(joint);
  const shown = (value) => {
    if (!value) return "–";
    return value.length > longestValue ? `${value.slice(0, longestValue)}…` : value;
  };

  /* ---- the modal ---- */

  const modal = document.getElementById("modal");
  const frame = modal.querySelector("iframe");
  let closed = () => {};

  const openPanel = (url, onClose) => {
    closed = onClose;
    frame.src = url;
    modal.showModal();
  };
  document.getElementById("modal-close").addEventListener("click", () => modal.close());
  modal.addEventListener("close", () => {
    frame.removeAttribute("src");
    closed();
  });
  // What a page in the modal says to have itself closed. Only this frame is heard.
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || typeof event.data !== "string") return;
    try {
      if (JSON.parse(event.data).action === "DONE") modal.close();
    } catch { /* Not for us. */ }
  });

  /* ---- the card ---- */

  const standing = (answer) => {
    const small = joined([answer.detail, answer.remedy, answer.code && `(${answer.code})`], " ");
    return make("div", "standing",
      make("span", `status ${tones[answer.health] || "default"}`, answer.health_words),
      make("p", "headline", answer.headline),
      small ? make("p", "micro", small) : null);
  };

  const values = (row) => {
    const value = make("dd");
    if (row.differs) value.append(make("p", "", `HubSpot: ${shown(row.crm_value)}`), make("p", "", `Ours: ${shown(row.our_value)}`));
    else value.append(make("p", "", shown(row.crm_value)));
    if (row.changed) value.append(make("span", "tag", sides[row.changed]));
    value.append(make("p", "micro", joined([row.direction_words, row.note], " · ")));
    return value;
  };

  const fields = (answer) => {
    if (!answer.fields.length) return make("p", "micro", answer.no_fields);
    return make("dl", "rows", ...answer.fields.map((row) => make("div", row.differs ? "differs" : "", make("dt", "", row.label), values(row))));
  };

  const last = (entry) => {
    const at = make("time", "", entry.at.relative);
    at.dateTime = entry.at.iso;
    at.title = entry.at.exact;
    return make("p", "micro last", `${entry.sentence} · `, at, entry.by ? ` by ${entry.by}` : "");
  };

  // The button stays the same element: a click that begins before a drawing ends on it.
  const button = (className, words, act) => {
    const made = make("button", className, words);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };

  const parts = { alert: make("div"), standing: make("div"), rows: make("div"), last: make("div") };
  parts.alert.setAttribute("role", "alert");
  parts.standing.setAttribute("aria-live", "polite");
  const sync = button("button primary wide", "Sync this record", () => calls.sync());
  const details = button("button quiet", "Details", () => calls.openDetails());
  const refresh = button("button quiet", "Refresh", () => calls.refresh());

  const fill = (part, ...children) => part.replaceChildren(...children.filter(Boolean));

  const draw = ({ answer, trouble, doing }) => {
    const running = doing === "syncing" || (answer && ["queued", "running"].includes(answer.state));
    fill(parts.alert, trouble && make("div", "alert", make("strong", "", "CRM Sync"), make("p", "", trouble)));
    fill(parts.standing, answer ? standing(answer) : doing === "looking" && make("p", "loading", "Asking CRM Sync…"));
    sync.hidden = !answer;
    sync.classList.toggle("running", Boolean(running));
    sync.disabled = !answer || running || !answer.can_sync || doing !== "";
    details.disabled = !answer || doing !== "";
    refresh.disabled = doing !== "";
    fill(parts.rows, answer && fields(answer));
    fill(parts.last, answer && answer.last && last(answer.last));
  };

  // HubSpot's own name for it is `refreshObjectProperties`.
  const host = { openPanel, refreshPage: () => window.livePage.refresh() };
  const calls = window.cardCalls(holder, host, draw);
  holder.replaceChildren(parts.alert, parts.standing, sync, parts.rows, parts.last, make("div", "buttons", details, refresh));
  calls.refresh();
})();
