"""`akiseki demo`: a sample office, a scripted day, everything on one machine."""
