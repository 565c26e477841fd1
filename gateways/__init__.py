"""The world outside: a folder a counterpart; bus is the only NATS client."""
