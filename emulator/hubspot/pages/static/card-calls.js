// What the app's card asks its server and in which order: looks, syncs, follows a run, opens the whole panel.
// The stand-in of `hubspot.fetch` goes through this page's own server, which signs.
"use strict";

window.cardCalls = (holder, host, draw) => {
  const { server, fetch: gateway, objectTypeId, objectId, locale, timeZone } = holder.dataset;
  const where = { object_type_id: objectTypeId, object_id: objectId, locale, time_zone: timeZone };
  const mostQuestions = 200;
  const mostMisses = 5;
  const lost = "CRM Sync does not answer right now.";
  const clickLost = `${lost} It is not sure that your click arrived. Try again: a sync that has started is joined.`;

  const card = { answer: null, trouble: "", doing: "looking" };
  let turn = 0; // an answer to an older question is dropped
  let key = ""; // kept until its click is answered, so that a second try joins the same run
  let openRun = null;
  let questions = 0;
  let misses = 0;
  let timer;

  const hubspotFetch = async (path, body) => {
    const call = { url: server + path, method: "POST", body: { ...where, ...body } };
    const answer = await fetch(gateway, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(call),
    });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const said = await answer.json();
    const known = ["refused", "busy"].includes(said.status) || (said.status === "ok" && Array.isArray(said.fields));
    if (!known) throw new Error("not an answer of the app");
    return said;
  };
  const look = (asked = {}) => hubspotFetch("/launch/hubspot", asked);

  const wordsOf = ({ status, message, remedy, code }) => {
    if (status === "ok") return "";
    const said = [message || lost, remedy].filter(Boolean).join(" ");
    return code ? `${said} (${code})` : said;
  };

  // null: the answer got lost; undefined: somebody has asked anew meanwhile, and goes on.
  const ask = async (what, question, words) => {
    clearTimeout(timer);
    const mine = ++turn;
    if (what) { card.doing = what; draw(card); }
    const said = await question.catch(() => null);
    if (mine !== turn) return undefined;
    card.doing = "";
    misses = said ? 0 : misses + 1;
    card.trouble = said ? wordsOf(said) : words;
    if (said && said.status === "ok") {
      card.answer = said;
      const wasOpen = openRun !== null || what === "syncing";
      openRun = said.poll_after_ms === null ? null : said.run_id;
      if (wasOpen && openRun === null && said.fields.some((row) => row.changed === "crm")) host.refreshPage();
    }
    draw(card);
    return said;
  };

  const follow = (said) => {
    if (said === undefined) return;
    const run = openRun;
    const pause = said ? said.poll_after_ms : run === null ? null : 1000 * 2 ** misses;
    if (pause === null || misses > mostMisses || questions >= mostQuestions) return;
    const mine = turn;
    timer = setTimeout(async () => {
      if (mine !== turn) return;
      questions += 1;
      follow(await ask("", look(run === null ? {} : { run_id: run }), lost));
    }, pause);
  };

  const refresh = async () => {
    questions = misses = 0;
    follow(await ask("looking", look(), lost));
  };

  const sync = async () => {
    questions = 0;
    key = key || crypto.randomUUID();
    const said = await ask("syncing", hubspotFetch("/launch/hubspot/sync", { key }), clickLost);
    if (said && said.status !== "busy") key = "";
    if (said && said.status === "ok") follow(said);
  };

  // What was synced or undone in the panel is told to nobody but the panel.
  const afterPanel = () => { host.refreshPage(); refresh(); };

  const openDetails = async () => {
    const run = openRun;
    const said = await ask("opening", look(run === null ? { details: true } : { details: true, run_id: run }), lost);
    follow(said);
    if (!said || said.status !== "ok") return;
    if (said.url) { host.openPanel(said.url, afterPanel); return; }
    card.trouble = "The panel could not be opened. Try again in a moment.";
    draw(card);
  };

  return { refresh, sync, openDetails };
};
