"""Many bookings decided on at once, of what is read once: series, draws by lot."""
