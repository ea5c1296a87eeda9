/** Draws what the server says, with HubSpot's own components. Decides nothing. */
import {
  Alert,
  Button,
  ButtonRow,
  DescriptionList,
  DescriptionListItem,
  Divider,
  Flex,
  LoadingButton,
  LoadingSpinner,
  StatusTag,
  Tag,
  Text,
} from "@hubspot/ui-extensions";
import type { CardAnswer, Entry, FieldRow, Health } from "./contract";
import type { Server } from "./server";
import { useCard, type Doing, type Host } from "./use-card";

// A card is for a look; the panel shows the whole of a long text.
const LONGEST_VALUE = 240;

const TAGS: Record<Health, "success" | "warning" | "danger" | "info" | "default"> = {
  good: "success",
  attention: "warning",
  bad: "danger",
  busy: "info",
  off: "default",
};

const SIDES = { here: "Changed here", crm: "Changed in HubSpot" } as const;

export function Card({ server, host }: { server: Server; host: Host }) {
  const card = useCard(server, host);
  const { answer, trouble, doing } = card;
  if (answer === null && doing === "looking") {
    return <LoadingSpinner label="Asking CRM Sync" showLabel layout="centered" />;
  }
  return (
    <Flex direction="column" gap="small">
      {trouble && (
        <Alert title="CRM Sync" variant="warning">
          {trouble}
        </Alert>
      )}
      {answer && <Standing answer={answer} />}
      {answer && <SyncButton answer={answer} doing={doing} onSync={card.sync} />}
      {answer && <Fields answer={answer} />}
      {answer?.last && <Last entry={answer.last} />}
      <ButtonRow>
        <Button size="xs" variant="transparent" onClick={card.openDetails} disabled={!answer || doing !== ""}>
          Details
        </Button>
        <Button size="xs" variant="transparent" onClick={card.refresh} disabled={doing !== ""}>
          Refresh
        </Button>
      </ButtonRow>
    </Flex>
  );
}

function Standing({ answer }: { answer: CardAnswer }) {
  const more = [answer.detail, answer.remedy].filter(Boolean).join(" ");
  const small = [more, answer.code && `(${answer.code})`].filter(Boolean).join(" ");
  return (
    <Flex direction="column" gap="xs">
      <StatusTag variant={TAGS[answer.health]}>{answer.health_words}</StatusTag>
      <Text format={{ fontWeight: "demibold" }}>{answer.headline}</Text>
      {small && <Text variant="microcopy">{small}</Text>}
    </Flex>
  );
}

function SyncButton({ answer, doing, onSync }: { answer: CardAnswer; doing: Doing; onSync: () => void }) {
  const isRunning = doing === "syncing" || answer.state === "queued" || answer.state === "running";
  return (
    <LoadingButton
      variant="primary"
      loading={isRunning}
      disabled={isRunning || !answer.can_sync || doing !== ""}
      onClick={onSync}
    >
      Sync this record
    </LoadingButton>
  );
}

function Fields({ answer }: { answer: CardAnswer }) {
  if (answer.fields.length === 0) return <Text variant="microcopy">{answer.no_fields}</Text>;
  return (
    <DescriptionList direction="column">
      {answer.fields.map((row) => (
        <DescriptionListItem key={row.name} label={row.label}>
          <Values row={row} />
        </DescriptionListItem>
      ))}
    </DescriptionList>
  );
}

function Values({ row }: { row: FieldRow }) {
  return (
    <Flex direction="column" gap="flush">
      {row.differs ? (
        <>
          <Text>HubSpot: {shown(row.crm_value)}</Text>
          <Text>Ours: {shown(row.our_value)}</Text>
        </>
      ) : (
        <Text>{shown(row.crm_value)}</Text>
      )}
      {row.changed !== "" && (
        <Tag variant="success" inline>
          {SIDES[row.changed]}
        </Tag>
      )}
      <Text variant="microcopy">{[row.direction_words, row.note].filter(Boolean).join(" · ")}</Text>
    </Flex>
  );
}

function Last({ entry }: { entry: Entry }) {
  const by = entry.by && ` by ${entry.by}`;
  return (
    <>
      <Divider />
      <Text variant="microcopy">
        {entry.sentence} · {entry.at.relative}
        {by}
      </Text>
    </>
  );
}

function shown(value: string): string {
  if (!value) return "–";
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
}
