"""Law cases: a month, a house and an account written in YAML, with the kopecks the law expects."""
