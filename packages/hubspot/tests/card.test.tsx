import { createRenderer } from "@hubspot/ui-extensions/testing";
import { Alert, Button, LoadingButton, LoadingSpinner, StatusTag, Tag, Text } from "@hubspot/ui-extensions";
import { describe, expect, it, vi } from "vitest";
import { RecordCard } from "../src/app/cards/record-card";
import type { CardAnswer } from "../src/app/cards/contract";
import { answer, carry, done, email, running, SERVER } from "./samples";

function open({ address = SERVER }: { address?: string } = {}) {
  const renderer = createRenderer("crm.record.sidebar");
  const { context, actions } = renderer.mocks;
  context.variables = { SERVER_URL: address };
  renderer.render(<RecordCard context={context} actions={actions} />);
  const texts = () => renderer.findAll(Text).map((each) => each.text);
  return {
    ...renderer,
    texts,
    says: (text: string) => renderer.waitFor(() => expect(texts()).toContain(text)),
    complains: (text: string) => renderer.waitFor(() => expect(renderer.find(Alert).text).toContain(text)),
    syncButton: () => renderer.find(LoadingButton),
    button: (label: string) => renderer.find(Button, (each) => each.text === label),
  };
}

describe("looking at a record", () => {
  it("asks the server which record this is about, and for whom values are to be written", async () => {
    const questions = carry(answer());
    const card = open();
    await card.says("1 field differs.");

    expect(questions).toEqual([
      {
        url: `${SERVER}/launch/hubspot`,
        method: "POST",
        body: { object_type_id: "0-1", object_id: "123", locale: "", time_zone: "America/New_York" },
      },
    ]);
  });

  it("shows that it is asking until the first answer is there", async () => {
    carry(answer());
    const card = open();
    expect(card.find(LoadingSpinner).props.label).toBe("Asking CRM Sync");

    await card.says("1 field differs.");
    expect(card.maybeFind(LoadingSpinner)).toBeNull();
  });

  it("draws state, fields and the last entry of the log", async () => {
    carry(answer());
    const card = open();
    await card.says("1 field differs.");

    expect(card.find(StatusTag).text).toBe("1 field differs");
    expect(card.find(StatusTag).props.variant).toBe("warning");
    expect(card.texts()).toContain("ana@example.com");
    expect(card.texts()).toContain("HubSpot: Chief of Staff");
    expect(card.texts()).toContain("Ours: –");
    expect(card.texts()).toContain("Sync to bring both sides in step.");
    expect(card.texts()).toContain("1 field from HubSpot · 3 min ago by you");
    expect(card.syncButton().props.disabled).toBe(false);
  });

  it("names a value once where both sides agree", async () => {
    carry(answer({ fields: [email] }));
    const card = open();
    await card.says("1 field differs.");

    expect(card.texts().filter((text) => text?.includes("ana@example.com"))).toHaveLength(1);
  });

  it("cuts a text that is too long for a card", async () => {
    carry(answer({ fields: [{ ...email, crm_value: "x".repeat(5000) }] }));
    const card = open();
    await card.says("1 field differs.");

    expect(card.texts()).toContain(`${"x".repeat(240)}…`);
  });

  it("repeats why no field is shown", async () => {
    const why = "There is no field to show until Ticket records are set up to sync.";
    carry(answer({ fields: [], no_fields: why, last: null }));
    const card = open();

    await card.says(why);
  });

  it("says what to do, with the code small behind it", async () => {
    carry(answer({ state: "skipped", remedy: "Add an email address.", detail: "", code: "NO_EMAIL" }));
    const card = open();

    await card.says("Add an email address. (NO_EMAIL)");
  });

  it("does not let anybody sync where the server does not", async () => {
    carry(answer({ state: "syncs_off", can_sync: false, headline: "Syncs are switched off." }));
    const card = open();
    await card.says("Syncs are switched off.");

    expect(card.syncButton().props.disabled).toBe(true);
  });
});

describe("when no answer can be drawn", () => {
  it("repeats why the server refuses, and offers no button", async () => {
    const code = "NOT_ON_LIST";
    carry(answer({ status: "refused", message: "You may not use CRM Sync here.", remedy: "Ask an admin.", code }));
    const card = open();
    await card.complains("You may not use CRM Sync here. Ask an admin. (NOT_ON_LIST)");

    expect(card.maybeFind(LoadingButton)).toBeNull();
    expect(card.button("Details").props.disabled).toBe(true);
  });

  it.each([
    ["a lost call", new Error("timed out")],
    ["an error of HubSpot's", { status: 502 }],
    ["something that is no answer of ours", {} as never],
  ])("says that the server does not answer after %s", async (_, reply) => {
    carry(reply);
    const card = open();

    await card.complains("CRM Sync does not answer right now.");
  });

  it("asks again at a click on Refresh", async () => {
    carry(new Error("timed out"), answer());
    const card = open();
    await card.complains("does not answer");

    card.button("Refresh").trigger("onClick");
    await card.says("1 field differs.");
    expect(card.maybeFind(Alert)).toBeNull();
  });

  it("asks again by itself when a busy server says when", async () => {
    const busy = answer({ status: "busy", message: "HubSpot asks us to wait.", poll_after_ms: 1 });
    carry(busy, answer());
    const card = open();

    await card.says("1 field differs.");
  });

  it("tells an admin when the project was uploaded without the server's address", () => {
    const questions = carry(answer());
    const card = open({ address: "" });

    expect(card.find(Alert).text).toContain("SERVER_URL");
    expect(questions).toEqual([]);
  });
});

describe("Sync this record", () => {
  it("sends the record and a key, and draws what became of it", async () => {
    const questions = carry(answer(), done);
    const card = open();
    await card.says("1 field differs.");

    card.syncButton().trigger("onClick");
    await card.says("1 field to HubSpot.");

    expect(questions[1]).toEqual({
      url: `${SERVER}/launch/hubspot/sync`,
      method: "POST",
      body: {
        object_type_id: "0-1",
        object_id: "123",
        locale: "",
        time_zone: "America/New_York",
        key: expect.stringMatching(/^[A-Za-z0-9-]{8,64}$/),
      },
    });
    expect(card.find(Tag).text).toBe("Changed in HubSpot");
  });

  it("shows that it runs, and follows the run until it is over", async () => {
    const questions = carry(answer(), { ...running, poll_after_ms: 30 }, running, done);
    const card = open();
    await card.says("1 field differs.");

    card.syncButton().trigger("onClick");
    await card.says("Reading HubSpot.");
    expect(card.syncButton().props.loading).toBe(true);
    expect(card.syncButton().props.disabled).toBe(true);

    await card.says("1 field to HubSpot.");
    expect(card.syncButton().props.loading).toBe(false);
    expect(questions.slice(2).map((each) => each.body["run_id"])).toEqual([41, 41]);
  });

  it("stops asking when the run is over", async () => {
    const questions = carry(answer(), done);
    const card = open();
    await card.says("1 field differs.");
    card.syncButton().trigger("onClick");
    await card.says("1 field to HubSpot.");

    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(questions).toHaveLength(2);
  });

  it("lets HubSpot show what was written to it", async () => {
    carry(answer(), running, done);
    const card = open();
    await card.says("1 field differs.");
    expect(card.mocks.actions.refreshObjectProperties.callCount).toBe(0);

    card.syncButton().trigger("onClick");
    await card.says("1 field to HubSpot.");

    expect(card.mocks.actions.refreshObjectProperties.callCount).toBe(1);
  });

  it("leaves HubSpot's page alone when nothing has run", async () => {
    carry(done);
    const card = open();
    await card.says("1 field to HubSpot.");

    expect(card.mocks.actions.refreshObjectProperties.callCount).toBe(0);
  });

  it("tries again with the same key when the answer to a click got lost", async () => {
    const questions = carry(answer(), new Error("timed out"), done);
    const card = open();
    await card.says("1 field differs.");
    card.syncButton().trigger("onClick");
    await card.complains("It is not sure that your click arrived.");

    card.syncButton().trigger("onClick");
    await card.says("1 field to HubSpot.");

    expect(questions[2]?.body["key"]).toBe(questions[1]?.body["key"]);
  });

  it("takes a new key for a new click", async () => {
    const questions = carry(answer(), done);
    const card = open();
    await card.says("1 field differs.");
    card.syncButton().trigger("onClick");
    await card.says("1 field to HubSpot.");
    await card.waitFor(() => expect(card.syncButton().props.disabled).toBe(false));

    card.syncButton().trigger("onClick");
    await vi.waitFor(() => expect(questions).toHaveLength(3));

    expect(questions[2]?.body["key"]).not.toBe(questions[1]?.body["key"]);
  });

  it("goes on asking about a run when one answer gets lost", async () => {
    const questions = carry(answer(), running, new Error("timed out"), done);
    const card = open();
    await card.says("1 field differs.");
    card.syncButton().trigger("onClick");
    await card.complains("does not answer");

    await card.waitFor(() => expect(card.texts()).toContain("1 field to HubSpot."), { timeoutInMs: 5000 });
    expect(questions.slice(2).map((each) => each.body["run_id"])).toEqual([41, 41]);
    expect(card.maybeFind(Alert)).toBeNull();
  });

  it("says why a click was refused and keeps what is drawn", async () => {
    carry(answer(), answer({ status: "refused", message: "You may look, but not sync." }));
    const card = open();
    await card.says("1 field differs.");

    card.syncButton().trigger("onClick");
    await card.complains("You may look, but not sync.");

    expect(card.texts()).toContain("HubSpot: Chief of Staff");
  });
});

describe("Details", () => {
  const url = `${SERVER}/panel?ticket=one`;

  it("opens the whole panel with a fresh ticket", async () => {
    const questions = carry(answer(), answer({ url }));
    const card = open();
    await card.says("1 field differs.");

    card.button("Details").trigger("onClick");
    await vi.waitFor(() => expect(card.mocks.actions.openIframeModal.callCount).toBe(1));

    expect(questions[1]?.body["details"]).toBe(true);
    expect(card.mocks.actions.openIframeModal.calls[0]?.[0]).toMatchObject({ uri: url, title: "CRM Sync" });
  });

  it("looks again when the panel is closed", async () => {
    carry(answer(), answer({ url }), answer({ headline: "Both sides hold the same values.", fields: [email] }));
    const card = open();
    await card.says("1 field differs.");
    card.button("Details").trigger("onClick");
    await vi.waitFor(() => expect(card.mocks.actions.openIframeModal.callCount).toBe(1));

    const onClose = card.mocks.actions.openIframeModal.calls[0]?.[1];
    onClose?.();

    await card.says("Both sides hold the same values.");
    expect(card.mocks.actions.refreshObjectProperties.callCount).toBe(1);
  });

  it("says so when there is no ticket", async () => {
    carry(answer(), answer({ url: null }));
    const card = open();
    await card.says("1 field differs.");

    card.button("Details").trigger("onClick");

    await card.complains("The panel could not be opened.");
    expect(card.mocks.actions.openIframeModal.callCount).toBe(0);
  });

  it("does not lose sight of a run that is under way", async () => {
    const questions = carry(answer(), { ...running, poll_after_ms: 60_000 }, { ...running, url }, done);
    const card = open();
    await card.says("1 field differs.");
    card.syncButton().trigger("onClick");
    await card.says("Reading HubSpot.");

    card.button("Details").trigger("onClick");
    await card.says("1 field to HubSpot.");

    expect(questions[2]?.body).toMatchObject({ details: true, run_id: 41 });
  });
});

describe("two questions at once", () => {
  it("draws the answer to the newer one", async () => {
    let replyLate: (said: CardAnswer) => void = () => {};
    const late = new Promise<CardAnswer>((resolve) => {
      replyLate = resolve;
    });
    const questions = carry(answer(), running, late, done);
    const card = open();
    await card.says("1 field differs.");
    card.syncButton().trigger("onClick");
    await vi.waitFor(() => expect(questions).toHaveLength(3));

    card.button("Refresh").trigger("onClick");
    await card.says("1 field to HubSpot.");
    replyLate(answer({ headline: "From long ago." }));
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(card.texts()).toContain("1 field to HubSpot.");
  });
});
