"""The emulator's own HTTP interface below `/_emulator/`: used by its pages, other programs and the command line."""
