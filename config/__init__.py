"""Floor 0: settings, logging, the Redis and RQ wiring, the web server's knobs. Knows nothing above it."""
