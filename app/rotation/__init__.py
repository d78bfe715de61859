"""Who works where and when: a plan that holds the rules and meets the wishes as far as it can."""
