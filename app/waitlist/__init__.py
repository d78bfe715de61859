"""The queue: who waits for what, who is offered what was freed, and the numbers drawn at a reception desk."""
