"""What the authorization servers of every stand-in do alike."""
