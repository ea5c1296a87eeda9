"""How two records are brought in line. All of it pure, but the engine."""
