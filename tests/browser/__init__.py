"""The whole product in a real browser: a demo of our own, its record pages, its admin area. Nothing is stood in for."""
