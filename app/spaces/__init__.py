"""Where people sit: sites, floors, zones, spaces, the sensors bound to them, and the policies per kind."""
