"""The real servers that the tests run against: PostgreSQL, Mosquitto, Chromium."""
