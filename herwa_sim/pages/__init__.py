"""Web pages of the local Discord: act as a member in a browser, and inject faults.

The HTML is rendered on the server, with a small script per page.
"""
