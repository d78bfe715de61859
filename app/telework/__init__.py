"""Plans of where people work, and the day log of where they did."""
