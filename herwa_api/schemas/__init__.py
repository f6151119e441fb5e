"""Request and response schemas of the API, and the serializers of the response bodies."""
