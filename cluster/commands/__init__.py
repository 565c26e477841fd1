"""A file a command of `paylogic`; what a command does lives in the layer it belongs to."""
