"""Loans, holds, transits, patrons: the rules, as pure decisions."""
