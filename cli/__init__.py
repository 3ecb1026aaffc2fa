"""The command `kvae`, one module for each subcommand: it parses and prints, the library works."""
