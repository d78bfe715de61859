"""Now: the best space that somebody may have at this moment, booked in one step."""
