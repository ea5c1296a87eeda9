"""SOQL: a grammar, a checked plan, and its evaluation over the rows a user may see."""
