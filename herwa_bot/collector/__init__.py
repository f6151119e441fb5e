"""From the gateway to the buffer. Nothing in here waits on the path of an event."""
