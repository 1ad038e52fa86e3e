"""NISO Circulation Interchange Protocol (ANSI/NISO Z39.83) 2.02."""
