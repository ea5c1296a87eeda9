"""`python -m emulator salesforce --port 8001 --data DIR`: start a stand-in CRM on loopback."""

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
    Server(lambda: _salesforce(options, public_url), host=options.host, port=options.port).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A stand-in for a CRM, on loopback.")
    crms = parser.add_subparsers(dest="crm", required=True)
    salesforce = crms.add_parser("salesforce", help="a Salesforce org")
    salesforce.add_argument("--port", type=int, required=True)
    salesforce.add_argument("--data", type=Path, required=True, metavar="DIR", help="where the org is kept")
    salesforce.add_argument("--host", default="127.0.0.1")
    salesforce.add_argument("--public-url", help="where browsers and clients reach this org")
    salesforce.add_argument("--panel-url", default="http://127.0.0.1:8000", help="where the embedded panel lives")
    salesforce.add_argument("--org", type=Path, metavar="FILE.json", help="an org file instead of the sample org")
    return parser


def _salesforce(options: argparse.Namespace, public_url: str) -> tuple[WsgiApp, Clock]:
    from emulator.salesforce.app import create_app
    from emulator.salesforce.org import DEMO_ORG, Org

    org = Org(options.data, public_url=public_url, panel_url=options.panel_url, org_file=options.org or DEMO_ORG)
    app = create_app(org)
    org.write_credentials()
    return Gateway(app.wsgi_app, org), org.clock


if __name__ == "__main__":
    sys.exit(main())
