"""Pages of the documentation that are made from the program itself, whenever it is built."""
