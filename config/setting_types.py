"""How a setting is read from the text of its environment variable: addresses checked, lists split at commas."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from config.addresses import database_address, host_and_port, public_origin, queue_address


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
HostList = Annotated[tuple[Annotated[str, AfterValidator(host_and_port)], ...], NoDecode, BeforeValidator(_split)]
# "" until `load_settings` knows the data directory.
DatabaseUrl = Annotated[str, AfterValidator(lambda value: value and database_address(value))]
QueueUrl = Annotated[str, AfterValidator(queue_address)]
Origin = Annotated[str, AfterValidator(public_origin)]
