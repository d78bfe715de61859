"""The day log as people see it, what they say of it, and when it is written anew."""
