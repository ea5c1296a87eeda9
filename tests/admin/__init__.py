"""The admin area through real HTTP semantics, over real databases, against the stand-in org."""
