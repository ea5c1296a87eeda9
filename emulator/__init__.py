"""Stateful stand-ins for the CRMs, reached only by HTTP."""
