"""The domain: code that all processes of Herwa share. It imports none of their packages."""
