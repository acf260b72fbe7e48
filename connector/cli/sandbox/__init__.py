"""The command that runs the sandbox."""
