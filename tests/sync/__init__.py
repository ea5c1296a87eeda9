"""How sync decides: values, matches, merges, plans and words, each judged by itself."""
