"""What the tests stand on: real servers, a real browser, and an honest count of what was skipped."""
