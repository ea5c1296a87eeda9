"""Values in one canonical form per field type, so that equal values compare equal and never ping-pong.

Canonical forms (JSON values; a blank is always None): text types str; number, currency, percent int or
float; boolean bool; date "YYYY-MM-DD"; datetime "YYYY-MM-DDTHH:MM:SSZ"; multi_select a sorted list of str.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import idna
from email_validator import EmailNotValidError, validate_email

from jobs.lists import FREE_MAIL_DOMAINS, LEGAL_PHRASES, LEGAL_SIGNS, LEGAL_WORDS, LEGAL_WORDS_IN_FRONT

# Loaded when the first domain is compared: many a process never does.
if TYPE_CHECKING:
    from tldextract import TLDExtract

FieldType = Literal[
    "text",
    "long_text",
    "number",
    "currency",
    "percent",
    "boolean",
    "date",
    "datetime",
    "select",
    "multi_select",
    "email",
    "phone",
    "url",
    "domain",
    "user",
    "reference",
]
FIELD_TYPES: tuple[str, ...] = get_args(FieldType)
DAY_OF_MOMENT = "day_of_moment"
"""A day of ours in a CRM field that holds moments: read as a date, written as midnight UTC. No type of a field."""
Value = str | int | float | bool | list[str] | None

# Salesforce keeps doubles; digits beyond the 15th differ between systems without anyone having changed them.
SIGNIFICANT_DIGITS = 15
BIGGEST_EXACT = 10**SIGNIFICANT_DIGITS
LONGEST_DAY = len("YYYY-MM-DD")  # what is longer has a time

# Addresses and domains are looked at again and again: by each panel, each plan, each match.
REMEMBERED = 4096
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Signs nobody sees: soft hyphen, zero-width spaces and joiners, direction marks, the byte order mark. They come along
# when people copy an address; in a text they may mean something, so only keys and addresses are freed of them.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


class ValueRefused(ValueError):
    """A value cannot be of that type; the message says why, in words for a person."""


def normalise(field_type: str, raw: Any) -> Value:
    """The canonical form of `raw`. Raises ValueRefused."""
    return None if raw is None else _NORMALISERS[field_type](raw)


def normaliser(field_type: str) -> Callable[[Any], Value]:
    """`normalise` for one type, looked up once."""
    normalised = _NORMALISERS[field_type]
    return lambda raw: None if raw is None else normalised(raw)


def is_blank(value: Value) -> bool:
    """False is an answer; a checkbox that nobody has touched is blank where its side keeps no value for it."""
    return value is None or value == "" or value == []


def clean_text(raw: Any) -> str | None:
    """Trimmed, line ends unified; what no database stores (lone surrogates, NUL) becomes U+FFFD."""
    text = raw if isinstance(raw, str) else _spelled(raw)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.strip()
    if not text.isascii() or "\x00" in text:
        text = _UNSTORABLE.sub("\ufffd", text)
    return text or None


def _spelled(raw: Any) -> str:
    """As people write it: 7, where a system that keeps doubles says 7.0 or 1e-07."""
    return f"{Decimal(str(_number(raw))):f}" if isinstance(raw, float) and math.isfinite(raw) else str(raw)


def clean_domain(raw: Any) -> str | None:
    """The registrable domain in ASCII, without scheme, www., port and path; None for what has none (an IP address)."""
    text = clean_text(raw)
    if text is None:
        return None
    return _domain_of(text)


@lru_cache(maxsize=REMEMBERED)
def _domain_of(text: str) -> str | None:
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", _seen(text).lower())
    host = re.split(r"[/?#\s]", host, maxsplit=1)[0].rsplit("@", 1)[-1].split(":", 1)[0].strip(".")
    try:
        ascii_host = idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None
    return _registrable(ascii_host)


def _registrable(host: str) -> str | None:
    parts = _suffixes()(host)
    if parts.top_domain_under_public_suffix:
        return str(parts.top_domain_under_public_suffix)
    labels = host.split(".")
    # The public suffix list's own default: an unlisted last label is a suffix. An all-digit one is an IP address.
    return ".".join(labels[-2:]) if len(labels) > 1 and not parts.suffix and not labels[-1].isdigit() else None


def email_key(raw: Any) -> str | None:
    """The address to match by, its domain in ASCII, or None when it is not one. Case is folded, also before the @."""
    text = clean_text(raw)
    return None if text is None else _email_of(text)


@lru_cache(maxsize=REMEMBERED)
def _email_of(text: str) -> str | None:
    try:
        address = validate_email(_seen(text), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    # CRMs refuse a domain in other letters than ASCII, and which of the two spellings somebody has typed says nothing.
    return f"{address.local_part}@{address.ascii_domain}".lower()


def name_key(raw: Any) -> str | None:
    """A company or person name without case, accents, punctuation and the legal form at its end."""
    text = clean_text(raw)
    if text is None:
        return None
    plain = _without_accents(_seen(text))
    words = _words(_without_legal_signs(plain)) or _words(plain)
    return " ".join(_without_legal_words(words) or words) or None


def _without_accents(text: str) -> str:
    # Decomposed first: some signs fall apart into capitals.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    # Accents of Latin, Greek and Cyrillic; the voicing marks of kana make another letter.
    return "".join(c for c in folded if not "\u0300" <= c <= "\u036f")


def _words(text: str) -> list[str]:
    # "S.A." and "L.L.C." are one word each.
    return re.findall(r"\w+", re.sub(r"(?<=\b\w)\.", "", text))


def _without_legal_signs(text: str) -> str:
    shorter = text
    for sign in _legal_signs():
        shorter = shorter.replace(sign, " ")
    return shorter


def _without_legal_words(words: list[str]) -> list[str]:
    kept = words
    for phrase in LEGAL_PHRASES:
        if tuple(kept[-len(phrase) :]) == phrase:
            kept = kept[: -len(phrase)]
    if kept and kept[-1] in LEGAL_WORDS:
        kept = kept[:-1]
    if kept and kept[0] in LEGAL_WORDS_IN_FRONT:
        kept = kept[1:]
    return kept if kept == words else _without_legal_words(kept)


@cache
def _legal_signs() -> tuple[str, ...]:
    return tuple(_without_accents(sign) for sign in LEGAL_SIGNS)


def _seen(text: str) -> str:
    return text if text.isascii() else _UNSEEN.sub("", text)


def domain_key(raw: Any) -> str | None:
    """The domain to match an account by; a free-mail domain names no company."""
    domain = clean_domain(raw)
    return None if domain in FREE_MAIL_DOMAINS else domain


MATCH_KEYS: dict[str, Callable[[Any], str | None]] = {
    "email": email_key,
    "domain": domain_key,
    "name": name_key,
    "text": lambda raw: _seen(clean_text(raw) or "").strip().casefold() or None,
}


@cache
def _suffixes() -> TLDExtract:
    from tldextract import TLDExtract

    # The list that comes with the package: no network, no cache directory, the same answer on every machine.
    # Private suffixes too: two shops below myshopify.com are two companies.
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _email(raw: Any) -> str | None:
    # What is no address is kept as it stands: refusing it would hide it from the person who can mend it.
    return email_key(raw) or clean_text(raw)


def _number(raw: Any) -> int | float | None:
    if type(raw) is int and -BIGGEST_EXACT < raw < BIGGEST_EXACT:
        return raw
    if isinstance(raw, bool):
        raise ValueRefused("A yes/no value is not a number.")
    if isinstance(raw, str) and not raw.strip():
        return None
    if isinstance(raw, str) and "_" in raw:  # Python's own way of writing them, nobody else's
        raise ValueRefused(f"“{raw[:40]}” is not a number.")
    try:
        number = float(raw)
    except (TypeError, ValueError, OverflowError):
        raise ValueRefused(f"“{str(raw)[:40]}” is not a number.") from None
    digits = f"{number:.{SIGNIFICANT_DIGITS}g}"
    number = float(digits)
    if not math.isfinite(number):
        raise ValueRefused("The number is not finite.")
    # Whole numbers of any size as int: PostgreSQL gives a large float back as an int, which is not equal to it.
    return int(Decimal(digits)) if number.is_integer() else number


def _boolean(raw: Any) -> bool | None:
    if isinstance(raw, str):
        if not raw.strip():
            return None
        lowered = raw.strip().lower()
        if lowered not in {"true", "false", "1", "0", "yes", "no"}:
            raise ValueRefused(f"“{raw[:40]}” is neither yes nor no.")
        return lowered in {"true", "1", "yes"}
    return bool(raw)


def _date(raw: Any) -> str | None:
    if isinstance(raw, datetime):
        return _in_utc(raw).date().isoformat()
    if isinstance(raw, date):
        return raw.isoformat()
    text = clean_text(raw)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueRefused(f"“{text[:40]}” is not a date (YYYY-MM-DD).") from None
    return (moment if len(text) <= LONGEST_DAY else _in_utc(moment)).date().isoformat()


def _datetime(raw: Any) -> str | None:
    if isinstance(raw, str) and not raw.strip():
        return None
    moment = raw if isinstance(raw, datetime) else _time(str(raw))
    if isinstance(raw, str) and len(raw.strip()) <= LONGEST_DAY:
        moment = moment.replace(tzinfo=UTC)  # a day begins at midnight there
    return _in_utc(moment).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueRefused("The time has no time zone: add Z for UTC, or an offset such as +02:00.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueRefused("The time is beyond the calendar.") from None


def parse_time(text: str) -> datetime:
    """An aware time from ISO 8601, also in Salesforce's spelling (`+0000`); UTC without a zone. Raises ValueRefused."""
    moment = _time(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueRefused(f"“{text[:40]}” is not a time.") from None


def _multi_select(raw: Any) -> list[str] | None:
    parts = raw if isinstance(raw, list | tuple | set) else str(raw).split(";")
    chosen = sorted({text for part in parts if part is not None and (text := clean_text(part))})
    return chosen or None


_NORMALISERS: dict[str, Callable[[Any], Value]] = {
    "text": clean_text,
    "long_text": clean_text,
    "number": _number,
    "currency": _number,
    "percent": _number,
    "boolean": _boolean,
    "date": _date,
    DAY_OF_MOMENT: _date,
    "datetime": _datetime,
    "select": clean_text,
    "multi_select": _multi_select,
    "email": _email,
    "phone": clean_text,
    "url": clean_text,
    # Something that is not a domain is kept as text, for the reason given at `_email`.
    "domain": lambda raw: clean_domain(raw) or clean_text(raw),
    "user": _email,
    "reference": clean_text,
}
