"""Two organisations to try everything with. Made by the same services people use, so it is real in every row."""
