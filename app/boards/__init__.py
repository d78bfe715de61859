"""What people look at: availability of a floor, today's figures, what just happened. Reads only."""
