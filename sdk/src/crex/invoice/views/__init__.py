"""Invoices and notes for people, browsers and spreadsheets; nothing here computes what is owed."""
