"""Access control of commands: guard, invocation, rate limit, refusals and access requests."""
