"""`python -m emulator salesforce|hubspot --port 8001 --data DIR`: start a stand-in CRM on loopback."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emulator.clock import Clock
from emulator.gateway import Gateway, WsgiApp
from emulator.server import Server


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    public_url = options.public_url or f"http://{options.host}:{options.port}"
    load = {"salesforce": _salesforce, "hubspot": _hubspot}[options.crm]
    Server(lambda: load(options, public_url), host=options.host, port=options.port).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A stand-in for a CRM, on loopback.")
    crms = parser.add_subparsers(dest="crm", required=True)
    _add_options(crms.add_parser("salesforce", help="a Salesforce org"), place="org")
    _add_options(crms.add_parser("hubspot", help="a HubSpot portal"), place="portal")
    return parser


def _add_options(parser: argparse.ArgumentParser, *, place: str) -> None:
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help=f"where the {place} is kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", help=f"where browsers and clients reach this {place}")
    parser.add_argument("--panel-url", default="http://127.0.0.1:8000", help="where the embedded panel lives")
    file_help = f"a file of your own instead of the sample {place}"
    parser.add_argument(
        *dict.fromkeys((f"--{place}", "--org")), dest="file", type=Path, metavar="FILE.json", help=file_help
    )


def _salesforce(options: argparse.Namespace, public_url: str) -> tuple[WsgiApp, Clock]:
    from emulator.salesforce.app import create_app
    from emulator.salesforce.org import DEMO_ORG, Org

    org = Org(options.data, public_url=public_url, panel_url=options.panel_url, org_file=options.file or DEMO_ORG)
    app = create_app(org)
    org.write_credentials()
    return Gateway(app.wsgi_app, org), org.clock


def _hubspot(options: argparse.Namespace, public_url: str) -> tuple[WsgiApp, Clock]:
    from emulator.hubspot.app import create_app
    from emulator.hubspot.portal import DEMO_PORTAL, Portal

    file = options.file or DEMO_PORTAL
    portal = Portal(options.data, public_url=public_url, panel_url=options.panel_url, portal_file=file)
    app = create_app(portal)
    portal.write_credentials()
    return Gateway(app.wsgi_app, portal), portal.clock


if __name__ == "__main__":
    sys.exit(main())
