/** Our server, as the card reaches it: through HubSpot, which signs each call. */
import { hubspot } from "@hubspot/ui-extensions";
import type { CardAnswer, CardRequest, SyncRequest } from "./contract";

/** No answer of ours came through: the server is away, or HubSpot has kept it. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** Which record, and how its reader likes to see values. */
export type Where = Pick<CardRequest, "object_type_id" | "object_id" | "locale" | "time_zone">;

export interface Server {
  look: (asked?: Pick<CardRequest, "run_id" | "details">) => Promise<CardAnswer>;
  sync: (key: string) => Promise<CardAnswer>;
}

// A quick sync is answered in the click itself; HubSpot gives up after 15 seconds unless told otherwise.
const TIMEOUT_MS = 15000;

export function serverAt(address: string, where: Where): Server {
  const ask = (path: string, body: CardRequest | SyncRequest) => post(`${address.replace(/\/+$/, "")}${path}`, body);
  return {
    look: (asked = {}) => ask("/launch/hubspot", { ...where, ...asked }),
    sync: (key) => ask("/launch/hubspot/sync", { ...where, key }),
  };
}

/** One per click: HubSpot repeats a call whose answer got lost, and a repeat must not start a second run. */
export function newKey(): string {
  // Only to tell clicks apart, so what a sandbox without `crypto` has to offer will do.
  const part = () => Math.random().toString(36).slice(2, 12).padEnd(10, "0");
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now().toString(36)}-${part()}-${part()}`;
}

async function post(url: string, body: CardRequest | SyncRequest): Promise<CardAnswer> {
  let said: unknown;
  try {
    const answer = await hubspot.fetch(url, { method: "POST", timeout: TIMEOUT_MS, body: { ...body } });
    if (!answer.ok) throw new NoAnswer(`HTTP ${answer.status}`);
    said = await answer.json();
  } catch (problem) {
    throw problem instanceof NoAnswer ? problem : new NoAnswer(String(problem));
  }
  if (!isAnswer(said)) throw new NoAnswer("not an answer of ours");
  return said;
}

function isAnswer(said: unknown): said is CardAnswer {
  if (typeof said !== "object" || said === null) return false;
  const { status, fields } = said as Partial<CardAnswer>;
  if (status === "refused" || status === "busy") return true;
  return status === "ok" && Array.isArray(fields);
}
