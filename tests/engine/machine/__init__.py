"""People edit, rules change, CRMs fail: a world to play it in, and a judge who knows nothing of the engine."""
