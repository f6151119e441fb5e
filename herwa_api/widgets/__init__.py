"""Serve widgets to visitors of other sites: `/w/{id}` in each form, and `/embed/card.js`."""
