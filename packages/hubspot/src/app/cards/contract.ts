/**
 * What the app card and the server say to each other: the JSON of `POST /launch/hubspot` and
 * `POST /launch/hubspot/sync`.
 *
 * Both calls go through `hubspot.fetch`, so HubSpot adds userId, portalId, userEmail and appId to the address and signs
 * the whole (v3). The body below says which record is meant; it is a claim that the server checks.
 *
 * Both calls answer 200 with a `CardAnswer` for everything that can be expected, refusals included: HubSpot turns any
 * other status into an error without our words. 401 is left for a request that HubSpot has not signed.
 * Names are the server's: snake_case, and the same states, outcomes and words as the panel's (`widget/panel_view.py`).
 */

/** The body of `POST /launch/hubspot`. */
export interface CardRequest {
  /** HubSpot's own type id: "0-1" contact, "0-2" company, "0-3" deal, "2-…" custom. */
  object_type_id: string;
  /** Decimal digits, as text. */
  object_id: string;
  /** BCP 47 with "-" or "_", from HubSpot's context; "" when unknown. */
  locale: string;
  /** IANA name of the portal's zone; "" when unknown. */
  time_zone: string;
  /** The run to report on: `run_id` of an earlier answer. The state is then the one of that run. */
  run_id?: number;
  /** True: the reader wants the whole panel, so the answer carries a fresh `url`. */
  details?: boolean;
}

/** The body of `POST /launch/hubspot/sync`. */
export interface SyncRequest {
  object_type_id: string;
  object_id: string;
  locale: string;
  time_zone: string;
  /** One per click, 8 to 64 of [A-Za-z0-9-]. HubSpot repeats a call whose answer got lost: one key starts one run. */
  key: string;
}

/**
 * - `ok`: everything below is filled.
 * - `refused`: this person, portal or record is not served; asking again changes nothing. `message` says why.
 * - `busy`: it cannot be told right now (too many calls, HubSpot does not answer, our database is away). Nothing was
 *   started that is not told; asking again is right, after `poll_after_ms` where it is given.
 *
 * With `refused` and `busy` only `status`, `message`, `remedy`, `code` and `poll_after_ms` count.
 */
export type Status = "ok" | "refused" | "busy";

export type State =
  | "never"
  | "in_step"
  | "differs"
  | "queued"
  | "running"
  | "waiting"
  | "done"
  | "nothing"
  | "skipped"
  | "conflict"
  | "failed"
  | "ambiguous"
  | "object_off"
  | "syncs_off"
  | "not_allowed"
  | "deleted"
  | "unreachable";

export type Health = "good" | "attention" | "bad" | "busy" | "off";

/** A time in three spellings: for machines (UTC), for eyes, in full for the reader. */
export interface Moment {
  iso: string;
  relative: string;
  exact: string;
}

export interface FieldRow {
  /** HubSpot's property name: stable, used as a key only. */
  name: string;
  label: string;
  /** Display text in the reader's locale; "" when blank. */
  crm_value: string;
  our_value: string;
  differs: boolean;
  direction: "inbound" | "outbound" | "two_way";
  /** "From HubSpot to us" */
  direction_words: string;
  /** The side that the run of this visit changed; "" for none. */
  changed: "" | "here" | "crm";
  /** "Filled only while empty"; "" for none. */
  note: string;
}

export interface Entry {
  outcome: "created" | "updated" | "unchanged" | "skipped" | "conflict" | "failed" | "running";
  sentence: string;
  at: Moment;
  by: string;
  code: string;
  remedy: string;
}

export interface CardAnswer {
  status: Status;
  /** For `refused` and `busy`: one sentence in a rep's words. "" with `ok`. */
  message: string;
  record: { name: string; object_label: string } | null;
  state: State | null;
  health: Health;
  /** "In step", "2 fields differ" … */
  health_words: string;
  /** What is so, what was kept, what to do: each one short sentence or "". */
  headline: string;
  detail: string;
  remedy: string;
  /** Small print, for whoever is asked for help; "" for none. */
  code: string;
  fields: FieldRow[];
  /** Why there is no field, and what to do; "" where there are some. */
  no_fields: string;
  /** The newest entry of the sync log for this record. */
  last: Entry | null;
  can_sync: boolean;
  /** The open run, or the one that was asked for or has just been started. Send it back to hear how it goes. */
  run_id: number | null;
  /** One use, about a minute: for the iframe modal. Only when `details` was asked for, else null. */
  url: string | null;
  /** When to ask again with `run_id`, in milliseconds (500 to 10,000); null: nothing is under way, do not ask. */
  poll_after_ms: number | null;
}
