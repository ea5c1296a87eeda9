/** The files HubSpot reads: whether they are of one piece, and whether they fit the code. */
import { describe, expect, it } from "vitest";
import hsproject from "../hsproject.json";
import profile from "../hsprofile.example.json";
import rootPackage from "../package.json";
import app from "../src/app/app-hsmeta.json";
import cards from "../src/app/cards/package.json";
import sidebar from "../src/app/cards/record-sidebar-hsmeta.json";
import tab from "../src/app/cards/record-tab-hsmeta.json";
import webhooks from "../src/app/webhooks/webhooks-hsmeta.json";

const components = [app, sidebar, tab, webhooks];
// Vite finds files by pattern, whatever they are; only their names are looked at here.
const sources = Object.keys(import.meta.glob("../src/**/*"));

describe("the project", () => {
  it("is on a platform version that HubSpot still takes for new apps", () => {
    expect(Number(hsproject.platformVersion)).toBeGreaterThanOrEqual(2026.03);
  });

  it("names every component once", () => {
    const names = components.map((each) => each.uid);

    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
  });

  it("has each kind of component in its folder", () => {
    expect(components.map((each) => each.type)).toEqual(["app", "card", "card", "webhooks"]);
    expect(sources.filter((file) => file.endsWith("-hsmeta.json")).sort()).toEqual([
      "../src/app/app-hsmeta.json",
      "../src/app/cards/record-sidebar-hsmeta.json",
      "../src/app/cards/record-tab-hsmeta.json",
      "../src/app/webhooks/webhooks-hsmeta.json",
    ]);
  });

  it("takes everything that differs between installations from the profile", () => {
    const asked = JSON.stringify(components).match(/\$\{(\w+)\}/g) ?? [];

    expect(new Set(asked)).toEqual(new Set(Object.keys(profile.variables).map((name) => `\${${name}}`)));
    expect(JSON.stringify(components)).not.toContain("sync.example.com");
  });

  it("builds the cards with what the tests run on", () => {
    for (const [name, version] of Object.entries(cards.dependencies)) {
      expect(rootPackage.devDependencies).toHaveProperty([name], version);
    }
  });
});

describe("the cards", () => {
  it.each([sidebar, tab])("$config.location opens a file that there is", ({ config }) => {
    expect(sources).toContain(`../src${config.entrypoint}`);
    expect(config.objectTypes).toEqual(["contacts", "companies", "deals"]);
  });

  it("may fetch from our server and show it in a frame, and nothing else", () => {
    expect(app.config.permittedUrls).toEqual({ fetch: ["${SERVER_URL}"], iframe: ["${SERVER_URL}"], img: [] });
  });
});

describe("the app", () => {
  it("comes back to the admin area after the sign-in", () => {
    expect(app.config.auth.redirectUrls).toEqual(["${SERVER_URL}/admin/connections/hubspot/callback"]);
  });

  it("asks for reading and writing of each object that has a card", () => {
    for (const object of sidebar.config.objectTypes) {
      expect(app.config.auth.requiredScopes).toContain(`crm.objects.${object}.read`);
      expect(app.config.auth.requiredScopes).toContain(`crm.objects.${object}.write`);
      expect(app.config.auth.requiredScopes).toContain(`crm.schemas.${object}.read`);
    }
  });
});

describe("the webhooks", () => {
  const { settings, subscriptions } = webhooks.config;

  it("go to the connection's own address", () => {
    expect(settings.targetUrl).toBe("${SERVER_URL}/webhooks/hubspot/${CONNECTION}");
  });

  it.each(["contact", "company", "deal"])("tell of everything that can happen to a %s", (object) => {
    const events = subscriptions.crmObjects.filter((each) => each.objectType === object);
    const kinds = new Set(events.map((each) => each.subscriptionType));

    expect(kinds).toEqual(
      new Set(["object.creation", "object.deletion", "object.restore", "object.merge", "object.propertyChange"]),
    );
  });

  it("name a property where, and only where, one changed", () => {
    for (const each of subscriptions.crmObjects) {
      expect("propertyName" in each).toBe(each.subscriptionType === "object.propertyChange");
      expect(each.active).toBe(true);
    }
  });

  it("say nothing twice", () => {
    const said = subscriptions.crmObjects.map((each) => JSON.stringify(each));

    expect(new Set(said).size).toBe(said.length);
  });
});
