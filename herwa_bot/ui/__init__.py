"""Building blocks of replies: views, confirmations, pagination, mentions, charts."""
