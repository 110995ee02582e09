"""The command line `crex`. Modules import what they need when a command runs, so that `--help` is instant."""
