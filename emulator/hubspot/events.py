"""What happens in a portal without the API: edits by its users, archiving, set-up changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulator.control import ControlError, Event
from emulator.hubspot.associating import Associating, Ends
from emulator.hubspot.changes import Source
from emulator.hubspot.errors import ApiError
from emulator.hubspot.merging import merge as merge_records
from emulator.hubspot.people import Person
from emulator.hubspot.schema import ObjectType, SchemaError, build_object
from emulator.hubspot.writer import Saving
from emulator.rows import Row

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

Body = Mapping[str, Any]


def events_of(portal: Portal) -> dict[str, Event]:
    """The events of a portal, by the name of their control path."""
    happen: dict[str, Callable[[Portal, Body], Any]] = {
        "edit": edit,
        "archive": archive,
        "delete": archive,
        "restore": restore,
        "undelete": restore,
        "system_touch": system_touch,
        "objects": add_objects,
        "records": load_records,
        "associate": associate,
        "disassociate": disassociate,
        "merge": merge,
        "associations": add_association,
        "pipelines": set_pipelines,
        "rules": set_rules,
        "limits": set_limits,
        "scopes": set_scopes,
        "token": token,
        "expire_tokens": expire_tokens,
        "oauth": set_oauth,
        "uninstall": uninstall,
        "latency": latency,
    }
    return {name: _guarded(portal, event) for name, event in happen.items()}


def edit(portal: Portal, body: Body) -> Any:
    """`{object, id, fields, user?}`: change a record as a CRM user does on its page. Without `id` one is created."""
    object_type, person = _object(portal, body), _person(portal, body)
    # People meet the portal's required properties in their own forms, which always had them.
    saving = Saving(source=by_person(person), lenient_dates=True)
    if "id" not in body:
        return {"id": portal.writer.create(object_type, body["fields"], saving).row["hs_object_id"]}
    saved = portal.writer.update(object_type, _row(portal, object_type, body), body["fields"], saving)
    return {"id": saved.row["hs_object_id"]}


def archive(portal: Portal, body: Body) -> Any:
    """`{object, id, user?}`: put a record into the recycle bin."""
    object_type = _object(portal, body)
    row = _row(portal, object_type, body)
    portal.writer.archive(object_type, row, by_person(_person(portal, body)))
    return {"id": row["hs_object_id"]}


def restore(portal: Portal, body: Body) -> Any:
    """`{object, id, user?}`: take a record out of the recycle bin."""
    object_type = _object(portal, body)
    row = portal.store.row(object_type, str(body["id"]), archived=True)
    if row is None:
        raise ControlError("the record is not in the recycle bin")
    portal.writer.restore(object_type, row, by_person(_person(portal, body)))
    return {"id": row["hs_object_id"]}


def merge(portal: Portal, body: Body) -> Any:
    """`{object, primary, other, user?}`: merge two records as a CRM user does; answers the id of the new one."""
    object_type = _object(portal, body)
    rows = [_row(portal, object_type, {"id": body[name]}) for name in ("primary", "other")]
    if rows[0]["hs_object_id"] == rows[1]["hs_object_id"]:
        raise ControlError("a record cannot be merged with itself")
    merged = merge_records(portal, object_type, rows[0], rows[1], source=by_person(_person(portal, body)))
    return {"id": merged["hs_object_id"]}


def associate(portal: Portal, body: Body) -> Any:
    """`{object, id, to_object, to_id, type_id?, user?}`: associate two records, with a label when it has a type id."""
    ends = _ends(portal, body)
    plain = portal.links.types.plain(ends[0], ends[2])
    kind = portal.links.types.find(ends[0], ends[2], int(body["type_id"])) if "type_id" in body else plain
    if plain is None or kind is None:
        raise ControlError("the two objects cannot be associated so")
    kinds = Associating(portal, by_person(_person(portal, body))).add(ends, [kind])
    return {"types": [each.id for each in kinds]}


def disassociate(portal: Portal, body: Body) -> Any:
    """`{object, id, to_object, to_id, user?}`: end an association, whatever its types."""
    Associating(portal, by_person(_person(portal, body))).remove(_ends(portal, body))
    return {}


def add_association(portal: Portal, body: Body) -> Any:
    """`{between: [a, b], label?}`: let two objects be associated, or give them one more label."""
    names = [_object(portal, {"object": each}).name for each in body["between"]]
    label = body.get("label")
    definition = {
        "between": names,
        "ids": portal.links.types.free_ids(),
        "names": [f"{names[0]}_to_{names[1]}", f"{names[1]}_to_{names[0]}"],
        "labels": [label, label],
        "category": "USER_DEFINED",
    }
    portal.add_association(definition)
    return {"ids": definition["ids"]}


def set_pipelines(portal: Portal, body: Body) -> Any:
    """`{object, pipelines: [...]}`: replace the pipelines of an object, in the short form of a portal file."""
    name = _object(portal, body).name
    portal.set_pipelines(name, body["pipelines"])
    return {"pipelines": list(portal.pipelines.of(name))}


def system_touch(portal: Portal, body: Body) -> Any:
    """`{object, id}`: a recalculation inside HubSpot, which moves the modified stamp alone."""
    object_type = _object(portal, body)
    row = _row(portal, object_type, body)
    portal.writer.touch(object_type, row)
    return {"id": row["hs_object_id"]}


def add_objects(portal: Portal, body: Body) -> Any:
    """An object as in a portal file, several under `objects`, or `{object, properties: [...]}` for new properties.

    A property of a name that exists replaces the old one: that is how an option or a flag changes. Whether an object
    can be associated with others is said by `associations`.
    """
    definitions = (
        [_extended(portal, body)] if "object" in body else [dict(each) for each in body.get("objects", [body])]
    )
    for definition in definitions:
        definition.setdefault("custom", True)
        definition["properties"] = [{"custom": definition["custom"], **each} for each in definition["properties"]]
        definition.setdefault("objectTypeId", portal.schema.free_type_id())
    portal.add_objects(definitions)
    return {"objects": [definition["name"] for definition in definitions]}


def load_records(portal: Portal, body: Body) -> Any:
    """`{object, records: [...], modified_at?}`: an import by the admin. Values are checked, the journal is not told.

    `modified_at` (ISO 8601) gives all of them one identical modified time.
    """
    object_type = _object(portal, body)
    records = body["records"]
    if "modified_at" in body:
        stamps = {"_created": body["modified_at"], "_modified": body["modified_at"]}
        records = [{**record, **stamps} for record in records]
    source = Source("IMPORT", "1000002", _person(portal, body).user_id)
    return {"ids": portal.writer.load(object_type, records, source)}


def set_rules(portal: Portal, body: Body) -> Any:
    """`{object, required?: [...], conditional?: [{if, is: [...], require: [...]}]}`: the admin's rules on an object."""
    object_type = _object(portal, body)
    known = next(each for each in portal.definition["objects"] if each["name"] == object_type.name)
    for name in ("required", "conditional"):
        if name in body:
            known[name] = list(body[name])
    build_object(known)
    object_type.required = tuple(known.get("required", ()))
    object_type.conditional = tuple(known.get("conditional", ()))
    portal.save_definition()
    return {"required": known.get("required", []), "conditional": known.get("conditional", [])}


def set_limits(portal: Portal, body: Body) -> Any:
    """`{burst?, oauth_burst?, search_per_second?, daily?, used?, search_lag_seconds?}`: the account's limits.

    They hold until the next reset. `used` is what the day has used up.
    """
    limits = portal.limits
    limits.set_rates(body)
    if "used" in body:
        limits.used_today = int(body["used"])
    if "search_lag_seconds" in body:
        portal.freshness.lag_seconds = float(body["search_lag_seconds"])
    rates = {name: getattr(limits.rates, name) for name in ("burst", "oauth_burst", "search_per_second", "daily")}
    return {**rates, "used": limits.used_today, "search_lag_seconds": portal.freshness.lag_seconds}


def set_scopes(portal: Portal, body: Body) -> Any:
    """`{scopes: [...] or null, works?}`: what the static token may do (null: everything), and whether it works."""
    if "scopes" in body:
        portal.rows.save_setting("static_scopes", body["scopes"])
    if "works" in body:
        portal.rows.save_setting("static_token_off", not body["works"])
    return {"scopes": portal.rows.setting("static_scopes"), "works": portal.static_token_works}


def token(portal: Portal, body: Body) -> Any:
    """`{user?, lifetime_seconds?, scopes?}`: an OAuth access token of a user, without a login."""
    person = _person(portal, body)
    lifetime = timedelta(seconds=float(body.get("lifetime_seconds", portal.token_lifetime.total_seconds())))
    scopes = body.get("scopes", sorted(portal.scopes))
    issued = portal.sessions.issue(
        str(person.user_id), portal.secrets.client_id, scope=" ".join(scopes), lifetime=lifetime
    )
    return {"access_token": issued, "user_id": person.user_id}


def expire_tokens(portal: Portal, body: Body) -> Any:
    return {"expired": portal.sessions.expire_all()}


def set_oauth(portal: Portal, body: Body) -> Any:
    """`{rotate_refresh_tokens}`: whether a refresh brings a new refresh token and ends the old one."""
    portal.rows.save_setting("rotate_refresh_tokens", bool(body["rotate_refresh_tokens"]))
    return {"rotate_refresh_tokens": portal.rows.setting("rotate_refresh_tokens")}


def uninstall(portal: Portal, body: Body) -> Any:
    """`{keep_access_tokens?}`: remove the app from the portal. Its refresh tokens are dead, its access tokens too."""
    revoked = portal.grants.revoke_all()
    if not body.get("keep_access_tokens"):
        portal.sessions.clear()
    return {"revoked": revoked}


def latency(portal: Portal, body: Body) -> Any:
    """`{seconds}`: every call takes that much longer, until faults are cleared."""
    fault = portal.faults.add({"kind": "latency", "match": "", "count": None, "seconds": float(body["seconds"])})
    return {"id": fault.id}


def by_person(person: Person) -> Source:
    return Source("CRM_UI", f"userId:{person.user_id}", person.user_id)


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


def _object(portal: Portal, body: Body) -> ObjectType:
    object_type = portal.schema.find(str(body["object"]))
    if object_type is None:
        raise ControlError(f"there is no object {body['object']}")
    return object_type


def _row(portal: Portal, object_type: ObjectType, body: Body) -> Row:
    row = portal.store.row(object_type, str(body["id"]))
    if row is None:
        raise ControlError("there is no such record")
    return row


def _ends(portal: Portal, body: Body) -> Ends:
    from_type, to_type = _object(portal, body), _object(portal, {"object": body["to_object"]})
    near, far = _row(portal, from_type, body), _row(portal, to_type, {"id": body["to_id"]})
    return from_type.name, near["hs_object_id"], to_type.name, far["hs_object_id"]


def _person(portal: Portal, body: Body) -> Person:
    """The user named by id, email or role; the admin when none is named."""
    person = portal.people.find(body.get("user", "admin"))
    if person is None:
        raise ControlError(f"there is no user {body['user']}")
    return person


def _extended(portal: Portal, body: Body) -> dict[str, Any]:
    name = _object(portal, body).name
    known: dict[str, Any] = next(each for each in portal.definition["objects"] if each["name"] == name)
    given = [{"custom": True, **each} for each in body["properties"]]
    names = {each["name"] for each in given}
    kept = [each for each in known["properties"] if each["name"] not in names]
    return {**known, "properties": [*kept, *given]}
