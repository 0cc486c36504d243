"""What is said in every act on break glass and on waivers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ReasonGiven(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000, help_text="Kept, and shown to whoever signs or reviews.")


class Signed(ReasonGiven):
    signed_hash = serializers.CharField(max_length=64, help_text="The `content_hash` of what was read.")
