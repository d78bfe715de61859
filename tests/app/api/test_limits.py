"""How many requests a token may send."""

from flask import Flask

from tests.fixtures.web import Api, problem


def test_a_token_has_a_limit_over_the_whole_api_and_is_told_when_to_go_on(app: Flask, api: Api) -> None:
    app.config["API_LIMIT"] = "3 per minute"
    answers = [api.call("aoki", "GET", path) for path in ("/me", "/floors", "/spaces", "/me")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers[:3]] == ["2", "1", "0"]
    assert problem(answers[3]) == (429, "request.too_many")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert api.call("baba", "GET", "/me").status_code == 200, "another token has its own"
    assert problem(api.call("", "GET", "/me")) == (401, "access.unauthenticated")
