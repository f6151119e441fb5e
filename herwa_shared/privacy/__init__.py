"""What is stored about members, and how it is hidden, erased, deleted and replaced by pseudonyms."""
