"""What the sensors say of the spaces: readings, confirmed states, health. Sensors see seats, not persons."""
