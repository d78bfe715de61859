"""Who works here: sections, dated membership, roles, passwords and tokens."""
