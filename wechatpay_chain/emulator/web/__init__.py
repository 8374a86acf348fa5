"""The emulator's own HTTP interface below `/_emulator/`: what its page, other programs and the command line use."""
