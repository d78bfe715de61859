"""Who decides on plans, and deciding."""
