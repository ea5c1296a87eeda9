"""Imports from a list."""
