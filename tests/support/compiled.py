"""The application for tests: what is the same in all of them is compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar
from unittest.mock import patch

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from jobs.runtime import Runtime
from widget.app import build_app


class _Compiled(BytecodeCache):
    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


class _CompiledRule(Rule):
    """A third of a test's time went into writing the same Python for the same addresses."""

    _code: ClassVar[dict[tuple[object, ...], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made_of = (*self._trace, repr(self.defaults), append_unknown)
        if made_of not in self._code:
            self._code[made_of] = super()._compile_builder(append_unknown)
        return self._code[made_of]


_COMPILED = _Compiled()


def application(runtime: Runtime) -> Flask:
    """The whole application, as a web process builds it."""
    with patch.object(Flask, "url_rule_class", _CompiledRule):
        app = build_app(runtime.settings, runtime)
    app.jinja_env.bytecode_cache = _COMPILED
    return app
