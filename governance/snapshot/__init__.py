"""What the gateway decides by: compiled entries, the changes to them, and who has taken them in."""
