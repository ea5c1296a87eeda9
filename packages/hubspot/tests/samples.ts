/** Answers of a server, and a HubSpot that carries the card's questions to it. */
import type { CardAnswer, FieldRow } from "../src/app/cards/contract";

export const SERVER = "https://sync.example.com";

export const moment = { iso: "2026-11-22T12:00:00Z", relative: "3 min ago", exact: "22 Nov 2026, 12:00" };

export const email: FieldRow = {
  name: "email",
  label: "Email",
  crm_value: "ana@example.com",
  our_value: "ana@example.com",
  differs: false,
  direction: "two_way",
  direction_words: "Both ways, the latest change wins",
  changed: "",
  note: "",
};

export const jobTitle: FieldRow = {
  ...email,
  name: "jobtitle",
  label: "Job title",
  crm_value: "Chief of Staff",
  our_value: "",
  differs: true,
};

export function answer(values: Partial<CardAnswer> = {}): CardAnswer {
  return {
    status: "ok",
    message: "",
    record: { name: "Ana Sample", object_label: "Contact" },
    state: "differs",
    health: "attention",
    health_words: "1 field differs",
    headline: "1 field differs.",
    detail: "Sync to bring both sides in step.",
    remedy: "",
    code: "",
    fields: [email, jobTitle],
    no_fields: "",
    last: { outcome: "updated", sentence: "1 field from HubSpot", at: moment, by: "you", code: "", remedy: "" },
    can_sync: true,
    run_id: null,
    url: null,
    poll_after_ms: null,
    ...values,
  };
}

export const running = answer({
  state: "running",
  health: "busy",
  health_words: "Syncing",
  headline: "Reading HubSpot.",
  can_sync: false,
  run_id: 41,
  poll_after_ms: 1,
});

export const done = answer({
  state: "done",
  health: "good",
  health_words: "In step",
  headline: "1 field to HubSpot.",
  detail: "",
  fields: [email, { ...jobTitle, our_value: "Chief of Staff", differs: false, changed: "crm" }],
  run_id: 41,
});

export interface Question {
  url: string;
  method: string | undefined;
  body: Record<string, unknown>;
}

type Reply = CardAnswer | { status: number } | Error | Promise<CardAnswer>;

interface Options {
  method?: string;
  body?: Record<string, unknown>;
}

/** Stands where HubSpot's proxy does. Gives the replies in turn, and the last one again and again. */
export function carry(...replies: Reply[]): Question[] {
  const questions: Question[] = [];
  const hsFetch = async (url: string, options: Options = {}) => {
    // What does not survive JSON would not reach the server either.
    questions.push({ url, method: options.method, body: JSON.parse(JSON.stringify(options.body)) });
    const reply = await (replies.length > 1 ? replies.shift() : replies[0]);
    if (reply instanceof Error) throw reply;
    // Whatever the body of an error looks like, it is none of ours.
    const status = reply && typeof reply.status === "number" ? reply.status : 200;
    if (status !== 200) return { ok: false, status, json: async () => answer() };
    return { ok: true, status: 200, json: async () => reply };
  };
  Object.assign(globalThis, { self: globalThis, hsFetch });
  return questions;
}
