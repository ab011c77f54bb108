"""The command line: one module per subcommand, no logic."""
