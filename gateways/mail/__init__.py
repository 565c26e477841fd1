"""E-mail: letters made and signed, handed to an SMTP server; what comes back is read."""
