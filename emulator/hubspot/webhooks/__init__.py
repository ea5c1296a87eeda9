"""Webhooks: what an app subscribed to is sent to it for real, late, twice or in another order where it is told to."""

from __future__ import annotations

from emulator.hubspot.webhooks.sender import Webhooks

__all__ = ["Webhooks"]
