"""The configurations for ESPHome, read by ESPHome itself."""
