"""Other ways to compute the same month, measured beside ours."""
