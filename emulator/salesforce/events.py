"""What happens in an org without the REST API: edits by its users, conversions, merges, set-up changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulator.control import ControlError, Event
from emulator.rows import Row
from emulator.salesforce.access import Rights, User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.formula import FormulaError, compile_formula
from emulator.salesforce.ids import MalformedId, normalise
from emulator.salesforce.rules import record_id_of
from emulator.salesforce.schema import ObjectType, SchemaError
from emulator.salesforce.writer import Saving

if TYPE_CHECKING:
    from emulator.salesforce.org import Org

Body = Mapping[str, Any]
_FIELD_ACCESS = ("hidden", "read", "edit")
_RECORD_ACCESS = ("none", "read", "edit")


def events_of(org: Org) -> dict[str, Event]:
    """The events of an org, by the name of their control path."""
    happen: dict[str, Callable[[Org, Body], Any]] = {
        "edit": edit,
        "delete": delete,
        "undelete": undelete,
        "purge": purge,
        "merge": merge,
        "convert_lead": convert_lead,
        "system_touch": system_touch,
        "permissions": permissions,
        "objects": add_objects,
        "records": load_records,
        "list_views": list_views,
        "limits": set_limits,
        "token": token,
        "expire_tokens": expire_tokens,
    }
    return {name: _guarded(org, event) for name, event in happen.items()}


def edit(org: Org, body: Body) -> Any:
    """`{object, id, fields, user?, commit_after?}`: change a record as a CRM user does on its page.

    Without `id` a record is created. `commit_after` (seconds) makes it a long transaction: it answers at once,
    and the change becomes visible later under the stamp of now.
    """
    object_type, user = _object(org, body), _user(org, body)
    saving = Saving(user=user, assign=False, allow_duplicates=True)
    if "id" not in body:
        return {"id": org.writer.insert(object_type, body["fields"], saving)}
    record_id = record_id_of(object_type, body["id"])
    if body.get("commit_after"):
        _commit_later(org, object_type, record_id, body, saving)
    else:
        org.writer.update(object_type, record_id, body["fields"], saving)
    return {"id": record_id}


def delete(org: Org, body: Body) -> Any:
    object_type = _object(org, body)
    record_id = record_id_of(object_type, body["id"])
    org.writer.delete(object_type, record_id, Saving(user=_user(org, body)))
    return {"id": record_id}


def undelete(org: Org, body: Body) -> Any:
    """Take a record out of the recycle bin."""
    object_type, row = _record(org, body)
    if not row.get("IsDeleted") or "_purged" in row:
        raise ControlError("the record is not in the recycle bin")
    changes = {"IsDeleted": False, "MasterRecordId": None} if "MasterRecordId" in row else {"IsDeleted": False}
    org.writer.change(object_type, row, changes, user=_user(org, body), op="undelete")
    return {"id": row["Id"]}


def purge(org: Org, body: Body) -> Any:
    """Empty a record out of the recycle bin: queryAll no longer shows it, getDeleted still does."""
    object_type, row = _record(org, body)
    if not row.get("IsDeleted"):
        raise ControlError("the record is not in the recycle bin")
    org.writer.purge(object_type, row)
    return {"id": row["Id"]}


def merge(org: Org, body: Body) -> Any:
    """`{object, master, losers, fields?}`: merge up to two records into one, which keeps the children."""
    object_type, user = _object(org, body), _user(org, body)
    if not object_type.mergeable:
        raise ControlError(f"{object_type.name} cannot be merged")
    master = record_id_of(object_type, body["master"])
    losers = [record_id_of(object_type, each) for each in body["losers"]]
    with org.rows.transaction():
        saving = Saving(user=user, assign=False, allow_duplicates=True)
        for loser in losers:
            row = org.writer.writable(object_type, loser, user)
            _move_children(org, object_type, loser, master, user)
            org.writer.change(object_type, row, {"IsDeleted": True, "MasterRecordId": master}, user=user, op="merge")
        org.writer.update(object_type, master, body.get("fields", {}), saving)
    return {"id": master}


def convert_lead(org: Org, body: Body) -> Any:
    """`{id, account_id?, contact_id?, opportunity?}`: turn a lead into a contact of an account."""
    leads, user = org.schema.objects["Lead"], _user(org, body)
    with org.rows.transaction():
        lead = org.writer.writable(leads, record_id_of(leads, body["id"]), user)
        if lead.get("IsConverted"):
            raise ControlError("the lead is converted already")
        saving = Saving(user=user, assign=False, allow_duplicates=True)
        account_id = body.get("account_id") or _insert(org, "Account", _account_of(lead), saving)
        contact_id = body.get("contact_id") or _insert(org, "Contact", _contact_of(lead, account_id), saving)
        converted = {
            "IsConverted": True,
            "Status": "Closed - Converted",
            "ConvertedDate": org.clock.now().date().isoformat(),
            "ConvertedAccountId": normalise(account_id),
            "ConvertedContactId": normalise(contact_id),
        }
        if body.get("opportunity"):
            converted["ConvertedOpportunityId"] = _insert(
                org, "Opportunity", {**body["opportunity"], "AccountId": account_id}, saving
            )
        org.writer.change(leads, lead, converted, user=user, op="convert")
    return {"id": lead["Id"], "account_id": account_id, "contact_id": contact_id}


def system_touch(org: Org, body: Body) -> Any:
    """`{object, id, fields?}`: a change by the system, which moves SystemModstamp alone."""
    object_type, row = _record(org, body)
    org.writer.system_touch(object_type, row["Id"], body.get("fields", {}))
    return {"id": row["Id"]}


def permissions(org: Org, body: Body) -> Any:
    """`{user, fields?, objects?, records?, sees_all?}`: change what a user may see and do.

    `fields` maps `Contact.Phone` to hidden, read or edit; `objects` and `records` map names and ids to none, read
    or edit.
    """
    user = _user(org, body)
    changed = user.rights.to_json()
    for part, known in (("fields", _FIELD_ACCESS), ("objects", _RECORD_ACCESS), ("records", _RECORD_ACCESS)):
        given = body.get(part, {})
        if any(access not in known for access in given.values()):
            raise ControlError(f"{part} take one of {', '.join(known)}")
        if part == "records":
            given = {normalise(key): access for key, access in given.items()}
        changed[part] = {**changed[part], **given}
    changed["sees_all"] = body.get("sees_all", changed["sees_all"])
    org.save_rights(user.id, Rights.from_json(changed))
    return changed


def add_objects(org: Org, body: Body) -> Any:
    """An object as in an org file, several under `objects`, or `{object, fields?, duplicate_rules?}`.

    The latter adds fields to an object that is there, and puts these duplicate rules in the place of its own.
    """
    if "object" in body:
        definitions = [_with_fields(org, body)]
    else:
        definitions = [dict(each) for each in body.get("objects", [body])]
    for definition in definitions:
        if "key_prefix" not in definition:
            definition["key_prefix"] = org.schema.free_prefix()
        for rule in definition.get("validation_rules", ()):
            compile_formula(rule["condition"])
    org.add_objects(definitions)
    return {"objects": [definition["name"] for definition in definitions]}


def load_records(org: Org, body: Body) -> Any:
    """`{object, records: [...]}`: a data load by the admin. Types are checked; rules and journal are not."""
    ids = org.writer.load(_object(org, body), body["records"], user=_user(org, body))
    return {"ids": ids}


def list_views(org: Org, body: Body) -> Any:
    """`{object, label, developer_name, where?, scope?, ...}`: a user saves a list view; `{delete: id}`: or drops it."""
    if "delete" in body:
        org.list_views.delete(normalise(body["delete"]))
        return {"id": body["delete"]}
    return {"id": org.list_views.create(body)}


def set_limits(org: Org, body: Body) -> Any:
    """`{daily_api_requests?: max, used?: n}`: set the request limit and what is used of it."""
    org.limit.maximum = int(body.get("daily_api_requests", org.limit.maximum))
    if "used" in body:
        org.limit.set_used(int(body["used"]))
    return {"daily_api_requests": org.limit.maximum, "used": org.limit.used}


def token(org: Org, body: Body) -> Any:
    """`{user, lifetime_seconds?}`: an access token of a user, without a login."""
    user = _user(org, body)
    lifetime = timedelta(seconds=float(body.get("lifetime_seconds", 7200)))
    issued = org.sessions.issue(user.id, org.secrets.client_id, scope="api", lifetime=lifetime)
    return {"access_token": issued, "user_id": user.id}


def expire_tokens(org: Org, body: Body) -> Any:
    return {"expired": org.sessions.expire_all()}


def _guarded(org: Org, event: Callable[[Org, Body], Any]) -> Event:
    def happen(body: Body) -> Any:
        try:
            return event(org, body)
        except ControlError:
            raise
        except ApiError as error:
            raise ControlError([each.to_rest() for each in error.entries]) from error
        except (SchemaError, FormulaError, MalformedId) as error:
            raise ControlError(str(error)) from error
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ControlError(f"missing or malformed: {error}") from error

    return happen


def _commit_later(org: Org, object_type: ObjectType, record_id: str, body: Body, saving: Saving) -> None:
    transaction, began_at = org.clock.begin()
    writer = org.writer

    def commit() -> None:
        with org.clock.committing(transaction, began_at):
            # A reset in between has made a new writer, and this transaction a thing of the past.
            if org.writer is writer:
                writer.update(object_type, record_id, body["fields"], saving)

    timer = threading.Timer(float(body["commit_after"]), commit)
    timer.daemon = True
    timer.start()


def _object(org: Org, body: Body) -> ObjectType:
    object_type = org.schema.find(str(body["object"]))
    if object_type is None:
        raise ControlError(f"there is no object {body['object']}")
    return object_type


def _record(org: Org, body: Body) -> tuple[ObjectType, Row]:
    object_type = _object(org, body)
    row = org.rows.get(object_type.name, record_id_of(object_type, body["id"]))
    if row is None:
        raise ControlError("there is no such record")
    return object_type, row


def _user(org: Org, body: Body) -> User:
    """The user named by id, username or role; the admin when none is named."""
    wanted = body.get("user", "admin")
    user = org.user(wanted) or org.user_named(wanted) or (org.role(wanted) if wanted in org.roles else None)
    if user is None:
        raise ControlError(f"there is no user {wanted}")
    return user


def _move_children(org: Org, object_type: ObjectType, loser: str, master: str, user: User) -> None:
    for child_type, field in org.schema.children_of(object_type.name):
        if not field.stored or field.name == "MasterRecordId":
            continue
        for child_id in org.rows.ids_with(child_type.name, field.name, loser) or ():
            child = org.rows.get(child_type.name, child_id)
            if child is not None:
                org.writer.change(child_type, child, {field.name: master}, user=user, op="update")


def _insert(org: Org, name: str, values: Body, saving: Saving) -> str:
    return org.writer.insert(org.schema.objects[name], values, saving)


def _account_of(lead: Row) -> dict[str, Any]:
    taken = {"Phone": "Phone", "Website": "Website", "Industry": "Industry", "NumberOfEmployees": "NumberOfEmployees"}
    return {"Name": lead["Company"], **{ours: lead.get(theirs) for ours, theirs in taken.items()}}


def _contact_of(lead: Row, account_id: str) -> dict[str, Any]:
    taken = ("FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "MobilePhone", "LeadSource")
    return {"AccountId": account_id, "OwnerId": lead["OwnerId"] if lead["OwnerId"].startswith("005") else None} | {
        name: lead.get(name) for name in taken
    }


def _with_fields(org: Org, body: Body) -> dict[str, Any]:
    name = _object(org, body).name
    known: dict[str, Any] = next(each for each in org.definition["objects"] if each["name"] == name)
    added = body.get("fields", [])
    names = {field["name"] for field in added}
    kept = [field for field in known["fields"] if field["name"] not in names]
    rules = body.get("duplicate_rules", known.get("duplicate_rules", []))
    return {**known, "fields": [*kept, *added], "duplicate_rules": rules}
