"""The command `kvae`: one file for each subcommand. Commands parse and print; the library works."""
