"""Communes, libraries, calendars, policies, devices and partners."""
