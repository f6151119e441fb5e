"""Discord ids in requests: texts of up to 19 digits."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from herwa_api import texts
from herwa_shared.discord.constants import MAX_SNOWFLAKE

SNOWFLAKE_PATTERN = "^[0-9]{1,19}$"


def is_snowflake(text: str) -> bool:
    """Whether a text is an id."""
    return re.fullmatch(SNOWFLAKE_PATTERN, text) is not None and int(text) <= MAX_SNOWFLAKE


def _check_snowflake(text: str) -> str:
    if not is_snowflake(text):
        raise ValueError(texts.EXPECTED_SNOWFLAKE)
    return text


Snowflake = Annotated[
    str, AfterValidator(_check_snowflake), Field(json_schema_extra={"pattern": SNOWFLAKE_PATTERN, "maxLength": 19})
]
