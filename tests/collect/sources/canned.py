"""A client whose answers lie ready, for samples in the shapes that the sources document."""

from collections.abc import Mapping
from typing import Any

import httpx

from artnb.errors import FetchError


class Canned:
    """Answers an address, with or without its query, from a table; an error in it is raised."""

    def __init__(self, answers: Mapping[str, Any]):
        self.answers = answers
        self.asked: list[httpx.URL] = []
        self.headers: list[Mapping] = []

    def json(self, url: str, params: Mapping | None = None, headers: Mapping | None = None) -> Any:
        address = httpx.URL(url).copy_merge_params(params or {})
        self.asked.append(address)
        self.headers.append(headers or {})
        for known in (str(address), url):
            if known in self.answers:
                answer = self.answers[known]
                if isinstance(answer, Exception):
                    raise answer
                return answer.pop(0) if isinstance(answer, list) else answer
        raise FetchError(f"404 Not Found: {address}")
