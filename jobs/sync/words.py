"""What a code means, in words: for each, what happened and what to do. The log shows the code beside them.

`{crm}` is the CRM's label, `{object}` the object's ("Contact"), `{fields}` the labels of the fields concerned,
`{detail}` the CRM's own text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    message: str
    remedy: str


_W: dict[str, tuple[str, str]] = {
    # Skipped: nothing is wrong with the connection, this record is not to be synced as things stand.
    "SYNCS_OFF": ("Syncs are switched off.", "An admin can turn them on under Connections."),
    "OBJECT_OFF": ("{object} sync is switched off.", "An admin can turn it on under Objects."),
    "NOT_MAPPED": ("{object} records are not set up to sync.", "An admin can set them up under Objects."),
    "OBJECT_GONE": (
        "{crm} does not know {object} records any more, or hides all of them from us.",
        "Ask your {crm} admin. It goes on by itself once they are back.",
    ),
    "FILTERED_OUT": (
        "This {object} does not pass the filter: {detail}",
        "Change it in {crm}, or ask an admin to change the filter under Objects.",
    ),
    "FILTER_UNREADABLE": (
        "The filter cannot be checked for this {object}: {detail}",
        "An admin can check the filter under Objects.",
    ),
    "FILTER_PAUSED": (
        "{object} sync is paused, because its filter cannot be checked: {detail}",
        "An admin can mend the filter under Objects. It goes on by itself once the field is back.",
    ),
    "NO_EMAIL": ("This {object} has no email address.", "Add an email address in {crm}, then sync again."),
    "INVALID_EMAIL": ("The email address is not valid.", "Correct it, then sync again."),
    "LEAD_CONVERTED": ("This lead was converted.", "Open the contact it became and sync that."),
    "RECORD_DELETED": ("This record was deleted in {crm}.", "Our record is kept. Restore it in {crm} to sync again."),
    "DELETED_ON_BOTH": (
        "This record was deleted in {crm}, and ours with it.",
        "Undo this, or restore it in {crm} and sync again: ours comes back.",
    ),
    "KEPT_CHANGED": (
        "This record was deleted in {crm}. Ours is kept: it holds what {crm} never got.",
        "Restore it in {crm} and sync again, or delete ours under Our records.",
    ),
    "KEPT_LINKED": (
        "This record was deleted in {crm}. Ours is kept: another record that lives is linked to it.",
        "Restore it in {crm}, or unlink this one under Links.",
    ),
    "KEPT_BROUGHT_BACK": (
        "This record was deleted in {crm}. Ours is kept: somebody brought it back.",
        "Restore it in {crm} and sync again, or delete ours under Our records.",
    ),
    "RECORD_MERGED": ("This record was merged into another one.", "Open the surviving record and sync that."),
    "LOCAL_DELETED": ("Our record was deleted.", "An admin can link this one to another record under Links."),
    "AMBIGUOUS_MATCH": ("Several of our records could be this one.", "Choose the right one in the panel."),
    "ALREADY_LINKED": (
        "Our matching record is already linked to another {object}.",
        "Merge the two in {crm}, or ask an admin to change the link under Links.",
    ),
    "EXISTING_SKIPPED": (
        "We have this record already, and existing ones are to be left alone.",
        "An admin can change that under Objects.",
    ),
    "CREATE_OFF": (
        "We have no such record, and new ones are not created here.",
        "An admin can allow it under Objects.",
    ),
    "CREATE_THERE_OFF": (
        "{crm} has no such record, and new ones are not created there.",
        "An admin can allow it under Objects.",
    ),
    # A push: a record of ours is to be in the CRM.
    "OURS_DELETED": ("Our record was deleted.", "Nothing to do."),
    "NO_EMAIL_HERE": ("Our record has no email address.", "Add one here, then push again."),
    "EMAIL_NOT_SENT": (
        "{object} records need an email address, and ours is not written to {crm}.",
        "An admin can map the field both ways under Objects.",
    ),
    "FILTERED_OUT_HERE": (
        "In {crm} it would not pass the filter: {detail}",
        "Change it here, or ask an admin to change the filter under Objects.",
    ),
    "LINKED_AS_OTHER": (
        "It is in {crm} already, as {detail}",
        "Sync that one, or ask an admin to change the link under Links.",
    ),
    "COUNTERPART_TAKEN": (
        "The {object} in {crm} that matches is linked to another record of ours: {detail}",
        "Keep one of the two here, or ask an admin to change the link under Links.",
    ),
    "AMBIGUOUS_THERE": ("Several {object} records in {crm} could be this one.", "An admin can link the right one."),
    "TOO_MANY_ALIKE": (
        "{crm} has too many records that look like this one: {detail}",
        "An admin can link the right one under Links.",
    ),
    "SEVERAL_ALIKE": (
        "{crm} has several records that could be the one we have made there.",
        "An admin can link the right one under Links.",
    ),
    "MADE_UNLINKED": (
        "It was made in {crm}, and somebody linked one of the two with another record in that moment.",
        "Keep one of the two in {crm}, and check the link under Links.",
    ),
    "ACCOUNT_AMBIGUOUS": ("Several accounts have this domain: {detail}", "Choose the account in {crm}."),
    "NO_SUCH_PARENT": ("Its account is not there any more in {crm}.", "Choose the account in {crm}."),
    # What was done besides writing values.
    "RESTORED_HERE": ("It was restored in {crm}, and ours with it.", "Nothing to do."),
    # Why a field was left as it is.
    "INBOUND_OFF": ("Changes from {crm} are switched off.", "An admin can turn them on under Objects."),
    "OUTBOUND_OFF": ("Writing to {crm} is switched off.", "An admin can turn it on under Objects."),
    "UPDATE_HERE_OFF": ("Existing records here are not updated.", "An admin can allow it under Objects."),
    "UPDATE_THERE_OFF": ("Existing records in {crm} are not updated.", "An admin can allow it under Objects."),
    "NOT_SENT_THERE": ("This field is not written to {crm}.", "An admin can map it both ways under Objects."),
    "HIDDEN_FROM_YOU": ("You may not see this field in {crm}.", "Ask your {crm} admin for access."),
    "NOT_YOURS_TO_EDIT": ("You may not edit this field in {crm}.", "Ask your {crm} admin for access."),
    "CALCULATED_IN_CRM": (
        "{crm} calculates this field itself.",
        "An admin can map it from {crm} to us only.",
    ),
    "TYPE_MISMATCH": (
        "The field in {crm} is of a type that does not fit ours.",
        "An admin can check the field mapping.",
    ),
    "DATE_OUT_OF_RANGE": ("{crm} does not take a date that far away.", "Correct it here, then sync again."),
    "OPTION_UNKNOWN": ("Our field has no such choice.", "An admin can add it, or another can be chosen in {crm}."),
    "OPTION_UNKNOWN_THERE": (
        "{crm} has no such choice for {fields}.",
        "Choose another one here, or have it added in {crm}.",
    ),
    "READ_ONLY_IN_CRM": ("{crm} does not let us write this field.", "Ask your {crm} admin for edit access."),
    "OPTION_LOST": (
        "{crm} has lost a choice of this field that is still used here.",
        "The field mapping names it. It goes on by itself once the choice is back there.",
    ),
    "FIELD_GONE": ("{crm} has no such field, or hides it from us.", "An admin can check the field mapping."),
    "KEPT_WHEN_BLANK": ("It is blank in {crm}; our value is kept.", "The field mapping says so."),
    "FILLS_BLANK_ONLY": ("It has a value already.", "The field mapping only fills what is empty."),
    "FIRST_LINK_KEPT": ("Both sides had a value when they were linked.", "Change either side and sync again."),
    "VALUE_REFUSED": (
        "The value does not fit the type of the field it is mapped to.",
        "An admin can check the field mapping.",
    ),
    "LEFT_APART": ("The two differ and nobody has changed them since.", "Change it at its source and sync again."),
    "FROM_OTHER_CRM": (
        "Ours came from another record it is linked to, and the value of this {object} in {crm} has not changed since.",
        "Change it in either of them and sync again.",
    ),
    "MAY_NOT_CLEAR": ("It is blank here; the value in {crm} is kept.", "The field mapping says so."),
    "NOTHING_TO_WRITE": ("It is blank here.", "Nothing to do."),
    "BOTH_CHANGED": ("Both sides changed.", "Choose which value to keep."),
    "CHANGED_SINCE_SHOWN": (
        "One of the two values had changed since they were shown, so nothing was chosen between them.",
        "Look at both once more, then choose.",
    ),
    "CHANGED_SINCE_PREVIEW": ("Something had changed since the preview.", "This is what was done."),
    # What an undo left as it is, and what it did to a record of ours as a whole.
    "MOVED_ON": ("It was changed since, and the newer value is kept.", "The history of the field shows by whom."),
    "ALREADY_BACK": ("It is as it was before.", "Nothing to do."),
    "CREATION_KEPT": (
        "Our record has been changed or linked since, so it stays whole.",
        "Undo the newer changes first, or delete it under Our records.",
    ),
    "MADE_THERE": (
        "{crm} keeps the record that was made there: undo deletes nothing in {crm}.",
        "Delete it in {crm} if nobody wants it.",
    ),
    "CREATION_UNDONE": ("Our record, made by that sync, is removed again.", "Undo this to have it back."),
    "BROUGHT_BACK": ("Our record is back.", "It stays, though the one in {crm} is deleted."),
    "CREATION_REDONE": ("Our record is back.", "Sync again to bring both sides in step."),
    # Refused by the CRM.
    "REQUIRED_FIELD_MISSING": ("{crm} needs a value for {fields}.", "Fill it in, then sync again."),
    "STRING_TOO_LONG": ("{crm} refused {fields}: the text is too long.", "Shorten it, then sync again."),
    "INVALID_EMAIL_ADDRESS": ("{crm} refused {fields}: not a valid email address.", "Correct it, then sync again."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        "{crm} refused {fields}: not one of its allowed choices.",
        "Pick one of the choices in {crm}, or ask a {crm} admin to add it.",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        "A rule in {crm} refused the change: {detail}",
        "Follow it, then sync again.",
    ),
    "FIELD_INTEGRITY_EXCEPTION": ("{crm} refused {fields}: {detail}", "Correct it, then sync again."),
    "INVALID_FIELD": ("{crm} has no such field, or hides it from us.", "An admin can check the field mappings."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "{crm} does not let us write {fields}.",
        "Ask your {crm} admin to give the integration user edit access.",
    ),
    "INVALID_TYPE": ("{crm} does not know this kind of record.", "An admin can check it under Objects."),
    "MALFORMED_ID": ("This is not a {crm} record id.", "Open the record from {crm} again."),
    "DUPLICATE_VALUE": ("Another record in {crm} has the same value.", "Correct one of the two in {crm}."),
    "DUPLICATES_DETECTED": ("{crm} says it has this record already.", "Merge the duplicates in {crm}."),
    "INSUFFICIENT_ACCESS": (
        "{crm} does not let us change this record.",
        "Ask your {crm} admin to share it with the integration user.",
    ),
    "MISSING_SCOPES": (
        "{crm} does not let our app do this: {detail}",
        "Ask your {crm} admin to give the app the access it lacks.",
    ),
    "NO_SUCH_OWNER": (
        "{crm} has no user with the address in {fields}.",
        "Choose somebody else, or ask a {crm} admin to add the person.",
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": ("{crm} does not change a converted lead.", "Sync the contact it became."),
    "ENTITY_IS_LOCKED": ("This record is locked, often by an approval.", "Sync again when it is unlocked."),
    "NOT_FOUND": ("{crm} does not show us this record.", "It may be deleted, or not shared with the integration user."),
    # Later.
    "UNABLE_TO_LOCK_ROW": ("Somebody else is saving this record right now.", "We try again by ourselves."),
    "REQUEST_LIMIT_EXCEEDED": ("{crm} takes no more requests from us for now.", "We go on by ourselves when it does."),
    "TOO_MANY_CALLS": ("{crm} takes no more requests for a moment.", "We go on by ourselves."),
    "MIGRATION_IN_PROGRESS": ("{crm} is moving this account just now.", "We go on by ourselves when it is done."),
    "NO_ANSWER": ("{crm} does not answer.", "Your click is kept; we try again by ourselves."),
    "SERVER_UNAVAILABLE": ("{crm} is not available.", "Your click is kept; we try again by ourselves."),
    "CREATING_ALREADY": ("A record like this one is being made in {crm} just now.", "We go on by ourselves."),
    "NOT_SURE_YET": ("{crm} cannot tell yet whether the record was made.", "We look again by ourselves."),
    "KEEPS_MOVING": ("The record keeps changing while we sync it.", "We try again by ourselves."),
    # Lists that people keep in the CRM.
    "LIST_NOT_FOUND": (
        "{crm} has no such list any more.",
        "What was imported from it stays. Choose another list under Objects.",
    ),
    "LISTS_NOT_ALLOWED": (
        "{crm} does not let our app see its lists: {detail}",
        "Ask your {crm} admin to give the app access to lists, then connect it again.",
    ),
    "LIST_NOT_USABLE": (
        "{crm} shows this list to people only.",
        "Save a list in {crm} that says by its own conditions who is in it, and choose that.",
    ),
    "GAVE_UP": ("{crm} has not answered for an hour.", "Nothing was lost. Sync again when it is back."),
    "WRITE_UNKNOWN": (
        "We could not learn whether {crm} stored the change.",
        "Sync again: it looks first and writes only what is missing.",
    ),
    "GONE_UNANSWERED": (
        "{crm} did not answer our write of {fields}, and no longer shows us this record: it may have gone back or not.",
        "It may be deleted, or not shared with the integration user. When {crm} shows it again, undo once more.",
    ),
    # The connection.
    "DISCONNECTED": ("An admin has disconnected {crm} here.", "An admin can reconnect it under Connections."),
    "CONNECTION_BROKEN": ("The connection to {crm} is broken: {detail}", "An admin can mend it under Connections."),
    "ENCRYPTION_KEY": (
        "The stored secrets cannot be opened.",
        "The operator must put back the missing ENCRYPTION_KEYS.",
    ),
    "INTERNAL": ("Something went wrong on our side.", "Nothing was lost. Tell your admin the code and the time."),
}
_FAMILIES = {
    "INSUFFICIENT_ACCESS_OR_READONLY": "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "INSUFFICIENT_ACCESS",
    "ENTITY_IS_DELETED": "RECORD_DELETED",
    "HTTP_404": "NOT_FOUND",
    "TOO_MANY_REQUESTS": "REQUEST_LIMIT_EXCEEDED",
    "UNKNOWN_EXCEPTION": "SERVER_UNAVAILABLE",
    "QUERY_TIMEOUT": "SERVER_UNAVAILABLE",
    "TOKEN_BUSY": "SERVER_UNAVAILABLE",
    "OBJECT_NOT_FOUND": "NOT_FOUND",
    "CONFLICT": "DUPLICATES_DETECTED",
    "READ_ONLY_VALUE": "INVALID_FIELD_FOR_INSERT_UPDATE",
    "PROPERTY_DOESNT_EXIST": "INVALID_FIELD",
    "INVALID_OPTION": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "MISSING_REQUIRED_PROPERTY": "REQUIRED_FIELD_MISSING",
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": "REQUIRED_FIELD_MISSING",
    "RESOURCE_LOCKED": "UNABLE_TO_LOCK_ROW",
    "HTTP_423": "UNABLE_TO_LOCK_ROW",
    "DAILY": "REQUEST_LIMIT_EXCEEDED",
    **dict.fromkeys(
        ("SECONDLY", "TEN_SECONDLY_ROLLING", "RATE_LIMIT", "RATE_LIMITS", "OWN_RATE_LIMIT"), "TOO_MANY_CALLS"
    ),
    "TOO_FRESH": "KEEPS_MOVING",
    "PRECONDITION_FAILED": "KEEPS_MOVING",
}


def words(code: str, *, crm: str, object_label: str = "record", fields: str = "", detail: str = "") -> Words:
    """The sentence and the remedy for a code; for one we do not know, the CRM's own text."""
    code = _FAMILIES.get(code, code)
    if code.startswith("HTTP_5"):
        code = "SERVER_UNAVAILABLE"
    unknown = ("{crm} refused the change: {detail}", "Correct it, then sync again.")
    message, remedy = _W.get(code, unknown)
    names = {
        "crm": crm,
        "object": object_label,
        "fields": fields or "a value",
        "detail": detail.rstrip(".") + "." if detail else "no reason given.",
    }
    return Words(message.format(**names), remedy.format(**names))


def known_codes() -> tuple[str, ...]:
    return tuple(_W)
