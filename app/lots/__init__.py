"""Drawing lots: tomorrow's seats of a zone go to whoever wishes for one, in a way that anybody can check."""
