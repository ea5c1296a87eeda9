/** What the card knows and can do: looks, syncs, follows a run, opens the whole panel. No drawing. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { CardAnswer } from "./contract";
import { newKey, type Server } from "./server";

export interface Host {
  openPanel: (url: string, onClose: () => void) => void;
  /** HubSpot's own page shows values of before until it is told. */
  refreshPage: () => void;
}

export type Doing = "looking" | "syncing" | "opening" | "";

export interface Card {
  /** The last answer with something to draw; null before the first. */
  answer: CardAnswer | null;
  /** Why the newest wish was not met, in a rep's words; "" for none. */
  trouble: string;
  doing: Doing;
  refresh: () => Promise<void>;
  sync: () => Promise<void>;
  openDetails: () => Promise<void>;
}

// A run that waits for its hour is not worth asking about for ever; "Refresh" asks again.
export const MOST_QUESTIONS = 200;
export const MOST_MISSES = 5;

const LOST = "CRM Sync does not answer right now.";
const CLICK_LOST = `${LOST} It is not sure that your click arrived. Try again: a sync that has started is joined.`;

export function useCard(server: Server, host: Host): Card {
  const [answer, setAnswer] = useState<CardAnswer | null>(null);
  const [trouble, setTrouble] = useState("");
  const [doing, setDoing] = useState<Doing>("looking");
  const turn = useRef(0); // an answer to an older question is dropped
  const key = useRef(""); // kept until its click is answered, so that a second try joins the same run
  const openRun = useRef<number | null>(null);
  const questions = useRef(0);
  const misses = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  // HubSpot hands over new actions as it likes: that alone is no reason to ask the server again.
  const page = useRef(host);
  useEffect(() => {
    page.current = host;
  }, [host]);

  /** Puts one question. null: its answer got lost; undefined: somebody has asked anew meanwhile, and goes on. */
  const ask = useCallback(async (what: Doing, question: Promise<CardAnswer>, lost: string) => {
    clearTimeout(timer.current);
    const mine = ++turn.current;
    if (what) setDoing(what);
    const said = await question.catch(() => null);
    if (mine !== turn.current) return undefined;
    setDoing("");
    misses.current = said ? 0 : misses.current + 1;
    setTrouble(said ? wordsOf(said) : lost);
    if (said?.status !== "ok") return said;
    setAnswer(said);
    const wasOpen = openRun.current !== null || what === "syncing";
    openRun.current = said.poll_after_ms === null ? null : said.run_id;
    if (wasOpen && openRun.current === null && changedThere(said)) page.current.refreshPage();
    return said;
  }, []);

  /** Asks again as long as the server says when; after a lost answer a few times by itself. */
  const follow = useCallback(
    (said: CardAnswer | null | undefined) => {
      if (said === undefined) return;
      const run = openRun.current;
      const pause = said ? said.poll_after_ms : run === null ? null : 1000 * 2 ** misses.current;
      if (pause === null || misses.current > MOST_MISSES || questions.current >= MOST_QUESTIONS) return;
      const mine = turn.current;
      timer.current = setTimeout(async () => {
        if (mine !== turn.current) return;
        questions.current += 1;
        follow(await ask("", server.look(run === null ? {} : { run_id: run }), LOST));
      }, pause);
    },
    [ask, server],
  );

  const refresh = useCallback(async () => {
    questions.current = 0;
    misses.current = 0;
    follow(await ask("looking", server.look(), LOST));
  }, [ask, follow, server]);

  const sync = useCallback(async () => {
    questions.current = 0;
    key.current ||= newKey();
    const said = await ask("syncing", server.sync(key.current), CLICK_LOST);
    if (said && said.status !== "busy") key.current = "";
    if (said?.status === "ok") follow(said);
  }, [ask, follow, server]);

  // What was synced or undone in the panel is told to nobody but the panel.
  const afterPanel = useCallback(() => {
    page.current.refreshPage();
    void refresh();
  }, [refresh]);

  const openDetails = useCallback(async () => {
    const run = openRun.current;
    const asked = run === null ? { details: true } : { details: true, run_id: run };
    const said = await ask("opening", server.look(asked), LOST);
    follow(said);
    if (said?.status !== "ok") return;
    if (said.url) page.current.openPanel(said.url, afterPanel);
    else setTrouble("The panel could not be opened. Try again in a moment.");
  }, [afterPanel, ask, follow, server]);

  useEffect(() => {
    void refresh();
    return () => {
      turn.current += 1;
      clearTimeout(timer.current);
    };
  }, [refresh]);

  return { answer, trouble, doing, refresh, sync, openDetails };
}

function wordsOf({ status, message, remedy, code }: CardAnswer): string {
  if (status === "ok") return "";
  const said = [message || LOST, remedy].filter(Boolean).join(" ");
  return code ? `${said} (${code})` : said;
}

function changedThere({ fields }: CardAnswer): boolean {
  return fields.some((field) => field.changed === "crm");
}
