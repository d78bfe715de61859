"""Telling people of events, after their transaction: messages on the page, mail, webhooks, calendars."""
