"""THE LOOK of paper: a Receipt in, bytes out; no database, no clock."""
