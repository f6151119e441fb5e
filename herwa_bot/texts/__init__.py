"""All texts of the bot that people read, one module per area. Logic modules contain none.

Names and times that the functions receive are already formatted (`ui.names`), and texts of other people are escaped.
"""
