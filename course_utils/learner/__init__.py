"""What only a reader's own copy of the course needs."""
