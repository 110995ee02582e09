"""Views in memory that are searched; what they hold can always be read again from the store."""
