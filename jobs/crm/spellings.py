"""How a CRM may have spelled a value that we compare by its key: what it is asked for, coarsely.

Its answer is compared by `jobs.values.MATCH_KEYS`, as ours are among themselves. What is asked for has to be more than
what is meant, or a record would be made that is there already; and not much more, or the answer would be too long.
"""

from __future__ import annotations

import re
import unicodedata

import idna

from jobs.values import clean_text, name_key

# So many words of a name are asked for: the longest say most.
MOST_WORDS = 3


def emails(value: str, key: str) -> tuple[str, ...]:
    """In lower case: with the domain in ASCII, as it is kept here, and as people write it."""
    mailbox, _, domain = key.rpartition("@")
    return tuple(dict.fromkeys([key, f"{mailbox}@{_unicode(domain)}", (clean_text(value) or key).lower()]))


def domains(key: str) -> tuple[str, ...]:
    """In ASCII, and as people write it."""
    return tuple(dict.fromkeys([key, _unicode(key)]))


def texts(value: str, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([clean_text(value) or key, key]))


def name_words(value: str, key: str) -> tuple[tuple[str, ...], ...]:
    """The longest words of a name, longest first: without accents, and as they were written."""
    plain = _longest(unicodedata.normalize("NFC", key).split())
    written = re.findall(r"\w+", unicodedata.normalize("NFC", value).casefold())
    known = set(key.split())
    return tuple(dict.fromkeys([plain, _longest([each for each in written if name_key(each) in known]) or plain]))


def _longest(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(words), key=len, reverse=True)[:MOST_WORDS])


def _unicode(domain: str) -> str:
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain
