"""People, spaces and sensors as CSV files: out, and in again with a diff first."""
