"""The two values of a field as a person was shown them, as a stamp: what they choose holds for these and no others."""

from __future__ import annotations

import hashlib
import json

from jobs.values import Value


def shown_stamp(ours: Value, theirs: Value) -> str:
    """Equal for equal pairs of canonical values. A database may give a whole number back in its other form."""
    body = json.dumps([_plain(ours), _plain(theirs)])
    return hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()


def _plain(value: Value) -> Value:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
