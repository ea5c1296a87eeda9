"""The framed panel of a record page, by each of the two protocols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from emulator.pages.guard import origin_of
from emulator.salesforce import launch
from emulator.salesforce.access import User
from emulator.salesforce.org import Org

Kind = Literal["canvas", "lwc", "lwc-sandboxed"]
KINDS: dict[str, Kind] = {"view": "canvas", "lwc": "lwc", "lwc-sandboxed": "lwc-sandboxed"}
MODES = {"canvas": "view", "lwc": "lwc", "sandboxed": "lwc-sandboxed"}
LABELS: dict[Kind, str] = {"canvas": "Canvas", "lwc": "LWC", "lwc-sandboxed": "LWC, sandboxed"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page needs to open the panel. For Canvas `signed_request` is posted to `url`; for an LWC the
    frame loads `src`. `renew_url` answers a new proof as JSON."""

    kind: Kind
    label: str
    origin: str
    renew_url: str
    url: str = ""
    src: str = ""
    signed_request: str = ""
    instance_id: str = ""
    api_version: str = launch.API_VERSION


def frame_of(
    org: Org, user: User, object_name: str, record_id: str, *, kind: Kind, location: launch.Location, theme: str
) -> Frame:
    """A frame with a new proof for this page load. Raises RecordNotVisibleError for an LWC."""
    record = {"object": object_name, "id": record_id}
    if kind != "canvas":
        return Frame(
            kind=kind,
            label=LABELS[kind],
            origin=origin_of(org.panel_url),
            renew_url=f"/lightning/token?{urlencode(record)}",
            src=lwc_src(org, launch.apex_token(org, user, object_name, record_id, theme=theme)),
        )
    instance_id = launch.new_canvas_instance()
    ask = record | {"location": location, "instance_id": instance_id}
    return Frame(
        kind=kind,
        label=LABELS[kind],
        origin=origin_of(org.panel_url),
        renew_url=f"/lightning/canvas?{urlencode(ask)}",
        url=launch.canvas_url(org),
        instance_id=instance_id,
        signed_request=launch.canvas_signed_request(
            org, user, object_name, record_id, location=location, instance_id=instance_id, theme=theme
        ),
    )


def lwc_src(org: Org, token: str) -> str:
    """The URL an LWC gives its iframe."""
    return f"{org.panel_url}{launch.LWC_PATH}?{urlencode({'token': token})}"
