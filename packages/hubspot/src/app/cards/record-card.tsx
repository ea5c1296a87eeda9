/** The app card on a record: where it stands, one button, and the way to the whole panel. */
import { useMemo } from "react";
import { Alert, hubspot } from "@hubspot/ui-extensions";
import type { ExtensionPointApi } from "@hubspot/ui-extensions";
import { Card } from "./card";
import { serverAt } from "./server";

type Api = ExtensionPointApi<"crm.record.sidebar"> | ExtensionPointApi<"crm.record.tab">;

hubspot.extend<"crm.record.sidebar">(({ context, actions }) => <RecordCard context={context} actions={actions} />);

export function RecordCard({ context, actions }: Pick<Api, "context" | "actions">) {
  const address = String(context.variables?.["SERVER_URL"] ?? "");
  const { objectId, objectTypeId } = context.crm;
  const { locale = "" } = context.user;
  const { timezone } = context.portal;
  const server = useMemo(
    () =>
      serverAt(address, {
        object_type_id: objectTypeId,
        object_id: String(objectId),
        locale,
        time_zone: timezone,
      }),
    [address, objectId, objectTypeId, locale, timezone],
  );
  const host = useMemo(
    () => ({
      openPanel: (url: string, onClose: () => void) =>
        actions.openIframeModal({ uri: url, title: "CRM Sync", width: 960, height: 720, flush: true }, onClose),
      refreshPage: () => actions.refreshObjectProperties(),
    }),
    [actions],
  );
  if (!address.startsWith("https://")) {
    return (
      <Alert title="CRM Sync is not set up" variant="error">
        The project was uploaded without a SERVER_URL. An admin can add it to the profile and upload again.
      </Alert>
    );
  }
  return <Card server={server} host={host} />;
}
