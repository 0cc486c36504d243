"""Taking in an inventory that exists already: from a file to rows, from rows to what would be listed."""
