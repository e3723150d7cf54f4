"""What the program can be asked for, one function a command; each imports what it needs when it is called."""
