"""What a leg is, its id, its folder and files, how far it is."""
