"""What can happen in the world, one noun a file. Each changes it and announces that as Discord would."""
