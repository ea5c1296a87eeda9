"""What is drawn: values, rules, switches, troubles. Few values, so that the same ones meet again."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.engine.machine.fields import HUBSPOT, SALESFORCE
from tests.engine.machine.judge import FieldRules, Switches
from tests.engine.machine.trouble import ORDERS, Trouble

TEXTS = st.one_of(
    st.sampled_from([None, "Ana", "Ben", "Cleo"]),
    st.sampled_from(
        [" Ana ", "ana", "", "  ", "a\nb", "a\r\nb", "0", "null", "Zoë 🎉 كتاب", "@{after.id}", "<b>&", "O'Ben\\"]
    ),
    st.sampled_from(["\u200bAna", "x" * 40, "x" * 41, "y" * 129]),
)
SCORES = st.sampled_from([None, 0, 5, 5.0, 12.3, 12.345, 99.95, 101])
ADDRESSES = st.sampled_from(["same", "same in capitals", "another"])
TEXT_FIELDS = st.sampled_from(["first_name", "last_name", "job_title", "phone"])
CHANGE = st.one_of(
    st.tuples(TEXT_FIELDS, TEXTS), st.tuples(TEXT_FIELDS, TEXTS), st.tuples(st.just("lead_score"), SCORES)
)
CRM = st.sampled_from([SALESFORCE, HUBSPOT])
VALUES = st.fixed_dictionaries(
    {
        "first_name": st.sampled_from([None, "Ana", "Ben"]),
        "last_name": st.sampled_from(["Sample", "Example"]),
        "job_title": st.sampled_from([None, "Buyer", "Owner"]),
        "phone": st.sampled_from([None, "1", "2"]),
        "lead_score": st.sampled_from([None, 5, 12.3]),
    }
)
# Direction in Salesforce and in HubSpot. A field that both CRMs rule has no value to agree on.
DIRECTIONS = [
    (one, other)
    for one in ("two_way", "inbound", "outbound")
    for other in ("two_way", "inbound", "outbound")
    if "outbound" in (one, other) or "inbound" not in (one, other)
]
RULES = st.builds(
    FieldRules,
    write_rule=st.sampled_from(["overwrite", "overwrite", "fill_blank"]),
    keep_when_blank=st.booleans(),
    may_clear_crm=st.booleans(),
    conflict_rule=st.sampled_from(["most_recent", "prefer_crm", "prefer_local", "ask"]),
)
SWITCHES = st.builds(
    Switches,
    enabled=st.sampled_from([True, True, True, False]),
    inbound=st.sampled_from([True, True, True, False]),
    outbound=st.sampled_from([True, True, True, False]),
    may_update_here=st.sampled_from([True, True, True, False]),
    may_update_there=st.sampled_from([True, True, True, False]),
    duplicate_handling=st.sampled_from(["overwrite_all", "update_missing", "skip"]),
)
SKEW = st.sampled_from([0, 0, 0, 3600, -3600])
TROUBLE = st.sampled_from(sorted(ORDERS)).map(Trouble)
PLACE = st.integers(0, 1000)  # which of what is there to choose from, by counting round
