"""Texts of the landing page."""

from herwa_web.texts import APP_DESCRIPTION, APP_NAME

LANDING_TITLE = "See how your Discord server is doing."
LANDING_LEAD = "Messages, voice, joins and your busiest hours, on one page."
PROMISES = (
    ("Never reads messages.", f"{APP_NAME} counts activity and never stores what people write."),
    ("Honest gaps.", "If the bot was offline, you see a gap, not a zero."),
    ("Easy to share.", "Copy a link to any view, or download it as a table or image."),
)
LANDING_FOOTER = f"{APP_DESCRIPTION} Message content is never stored."
API_LINK = "API"
EXAMPLE_TITLE = "Messages"
EXAMPLE_PERIOD = "Last 30 days"
EXAMPLE_TOTAL = "48,201"
EXAMPLE_CHANGE = "▲ 12%"
EXAMPLE_NUMBERS = (("Active members", "1,204"), ("Voice minutes", "19,870"), ("Joins", "318"))
EXAMPLE_DESCRIPTION = "Example chart: messages per day over 30 days, rising, with the previous 30 days for comparison"
