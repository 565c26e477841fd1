"""The law: pure functions over columns; no clock, no input, no output."""
