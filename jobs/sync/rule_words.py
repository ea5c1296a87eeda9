"""Which rule decided a change, in a sentence. `{crm}` is the CRM's label."""

from __future__ import annotations

_RULES = {
    "INBOUND": "The field comes from {crm}.",
    "OUTBOUND": "The field goes to {crm}.",
    "CHANGED_IN_CRM": "Only {crm} had changed it.",
    "CHANGED_HERE": "Only we had changed it.",
    "MOST_RECENT": "Both sides had changed it; the more recent change won.",
    "PREFER_CRM": "Both sides had changed it; {crm}’s value was to be kept.",
    "PREFER_LOCAL": "Both sides had changed it; our value was to be kept.",
    "FIRST_LINK": "The two records were linked for the first time.",
    "PUSHED": "The record was made in {crm} of ours.",
    "DELETED_ON_BOTH": "It was deleted in {crm}, and ours with it.",
    "UNDO": "An earlier change was undone.",
}
DIRECTIONS = {
    "inbound": "It comes from {crm}; only {crm} changes it.",
    "outbound": "It goes to {crm}; only our value counts.",
    "two_way": "It goes both ways.",
}
CONFLICTS = {
    "most_recent": "When both sides change it, the more recent change wins.",
    "prefer_crm": "When both sides change it, {crm}’s value wins.",
    "prefer_local": "When both sides change it, our value wins.",
    "ask": "When both sides change it, a person decides.",
}


def rule_words(code: str, crm: str) -> str:
    """ "" for a change without a rule; for a rule we have no sentence for, its name."""
    return _RULES.get(code, code.replace("_", " ").capitalize() + "." if code else "").format(crm=crm)


def mapping_words(direction: str, conflict_rule: str, crm: str) -> str:
    """What is decided about a field, in one or two sentences."""
    said = DIRECTIONS[direction]
    if direction == "two_way":
        said = f"{said} {CONFLICTS.get(conflict_rule, '')}"
    return said.strip().format(crm=crm)
