"""History files: CSV as spreadsheets and exports write it."""
