"""RFID tags, readers, serial lines and device profiles."""
