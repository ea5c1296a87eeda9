"""What happens in a portal without the API: edits by its users, set-up changes, tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.control import ControlError, Event
from emulator.hubspot.errors import ApiError
from emulator.hubspot.events import account, records, setting_up
from emulator.hubspot.events.asked import Body
from emulator.hubspot.schema import SchemaError

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal


def events_of(portal: Portal) -> dict[str, Event]:
    """The events of a portal, by the name of their control path."""
    happen: dict[str, Callable[[Portal, Body], Any]] = {
        "edit": records.edit,
        "archive": records.archive,
        "delete": records.archive,
        "restore": records.restore,
        "undelete": records.restore,
        "system_touch": records.system_touch,
        "objects": setting_up.add_objects,
        "archive_object": setting_up.archive_object,
        "records": records.load_records,
        "associate": records.associate,
        "disassociate": records.disassociate,
        "merge": records.merge,
        "associations": setting_up.add_association,
        "pipelines": setting_up.set_pipelines,
        "rules": setting_up.set_rules,
        "limits": account.set_limits,
        "scopes": account.set_scopes,
        "token": account.token,
        "expire_tokens": account.expire_tokens,
        "oauth": account.set_oauth,
        "uninstall": account.uninstall,
        "latency": account.latency,
        "webhooks": account.set_webhooks,
    }
    return {name: _guarded(portal, event) for name, event in happen.items()}


def _guarded(portal: Portal, event: Callable[[Portal, Body], Any]) -> Event:
    def happen(body: Body) -> Any:
        try:
            return event(portal, body)
        except ControlError:
            raise
        except ApiError as error:
            raise ControlError(error.to_json("")) from error
        except SchemaError as error:
            raise ControlError(str(error)) from error
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ControlError(f"missing or malformed: {error}") from error

    return happen
