"""What is counted of the day log, for chiefs, personnel and the ministry; reads only."""
