"""The public pages `/privacy`, `/terms` and `/data`, made from what the code declares."""
